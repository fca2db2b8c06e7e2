package mapping

// DLT645Config is the keys of codec dlt645.
type DLT645Config struct {
	Address string `toml:"address" codecs:"dlt645" doc:"the meter's address, the 12 digits printed on it; AAAAAAAAAAAA if it is alone on the line"`
	WakeUp  int    `toml:"wake_up" codecs:"dlt645" doc:"number of bytes FE before each request, which wake the meter up" min:"0" max:"16"`
}

// DefaultDLT645 is what the keys of [DLT645Config] start from: any meter, woken by four bytes.
func DefaultDLT645() DLT645Config { return DLT645Config{Address: AnyMeter, WakeUp: 4} }

// AnyMeter is the address that every meter answers: A is any digit (DL/T 645-2007, 7.1).
const AnyMeter = "AAAAAAAAAAAA"
