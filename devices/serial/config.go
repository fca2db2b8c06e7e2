package serial

import (
	"strings"
	"time"
)

// Config holds the settings of one serial line: the table [ports.ID] of a config file. Begin with [Default].
type Config struct {
	ID         string  `toml:"-"`
	Path       string  `toml:"path" doc:"the device file; best a stable one from /dev/serial/by-id or /dev/serial/by-path; or a serial server: tcp://host:port, rfc2217://host:port"`
	USB        string  `toml:"usb" doc:"USB vendor and product id of the adapter instead of a path, for example 2341:0043"`
	Serial     string  `toml:"serial" doc:"USB serial number, if several adapters share one vendor and product id"`
	Baud       int     `toml:"baud" doc:"speed of the line in bit/s" min:"50" max:"4000000"`
	DataBits   int     `toml:"data_bits" doc:"data bits of a character" min:"5" max:"8"`
	Parity     string  `toml:"parity" doc:"parity bit of a character" oneof:"none,odd,even,mark,space"`
	StopBits   float64 `toml:"stop_bits" doc:"stop bits of a character" oneof:"1,2"`
	LowLatency bool    `toml:"low_latency" doc:"the driver delivers bytes at once; otherwise FTDI adapters collect them for 16 ms"`
	RS485Config
	Pause time.Duration `toml:"pause" doc:"silence after the port was opened, before the first request; some serial servers never answer if they are asked at once" min:"0s" max:"60s"`
	Echo  bool          `toml:"echo" doc:"the adapter receives its own transmission, as some RS-485 adapters do; for polled devices"`
}

// Default is a line at 9600 8N1, as most boards are delivered.
func Default() Config {
	return Config{Baud: 9600, DataBits: 8, Parity: "none", StopBits: 1, LowLatency: true, RS485Config: RS485Config{RS485: "off"}}
}

// KnowsSpeed reports whether Baud is the speed of the line. A server behind tcp:// sets it by itself.
func (c Config) KnowsSpeed() bool {
	return !strings.HasPrefix(c.Path, TCPScheme)
}
