package mapping

// DLT645Config is what a meter of codec dlt645 has beside the keys of every device that is asked.
type DLT645Config struct {
	Address string `toml:"address" codecs:"dlt645" doc:"the meter's address, the 12 digits printed on it; AAAAAAAAAAAA if it is alone on the line"`
	WakeUp  int    `toml:"wake_up" codecs:"dlt645" doc:"number of bytes FE before each request, which wake the meter up" min:"0" max:"16"`
}

// DefaultDLT645 is any meter, woken by four bytes.
func DefaultDLT645() DLT645Config { return DLT645Config{Address: AnyMeter, WakeUp: 4} }

// AnyMeter is the address that every meter answers to: A stands for any digit.
const AnyMeter = "AAAAAAAAAAAA"
