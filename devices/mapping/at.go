package mapping

import "time"

// ATConfig describes a device that answers requests with lines of text: an AT modem, a SCPI instrument.
type ATConfig struct {
	LineEnd    string        `toml:"line_end" doc:"the end of each line that is written" codecs:"at"`
	Terminator string        `toml:"terminator" doc:"each character that ends a line of an answer; \\r and \\n if left out" codecs:"at"`
	Silence    time.Duration `toml:"silence" doc:"silence that ends an answer, for devices whose lines have no end" min:"1ms" max:"5s" codecs:"at"`
	Until      string        `toml:"until" doc:"regular expression for the last line of an answer, for example ^OK$; an answer is one line if left out" codecs:"at"`
	Error      string        `toml:"error" doc:"regular expression for the line that reports an error; the group message is shown to the person" codecs:"at"`
	Ignore     string        `toml:"ignore" doc:"regular expression for unsolicited lines" codecs:"at"`
	Init       []string      `toml:"init" doc:"lines to write after the port was opened, after the device was offline, and after this mapping was changed" codecs:"at"`
}

// DefaultAT is what the keys of [ATConfig] start from. The error is that of modems (3GPP TS 27.007, ITU-T V.250).
func DefaultAT() ATConfig {
	return ATConfig{LineEnd: "\r\n", Error: `^(?:ERROR|\+CM[ES] ERROR: ?(?P<message>.*))$`}
}

// ATFieldConfig describes where a value is in the answer to its request, which is in [PlaceConfig].
type ATFieldConfig struct {
	Answer string `toml:"answer" doc:"regular expression for the line that contains it; the first group, or the group value, is the value" codecs:"at"`
}
