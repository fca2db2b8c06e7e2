package mapping

// DLT645Config is what a meter of codec dlt645 has beside the keys of every device that is asked.
type DLT645Config struct {
	Address string `toml:"address" codecs:"dlt645" doc:"the meter's address, 12 digits as printed on it; AAAAAAAAAAAA where it is the only one on the line"`
	WakeUp  int    `toml:"wake_up" codecs:"dlt645" doc:"bytes FE in front of each request, which wake the meter up" min:"0" max:"16"`
}

// DefaultDLT645 is any meter, woken by four bytes.
func DefaultDLT645() DLT645Config { return DLT645Config{Address: AnyMeter, WakeUp: 4} }

// AnyMeter is the address that every meter answers to: A stands for any digit.
const AnyMeter = "AAAAAAAAAAAA"
