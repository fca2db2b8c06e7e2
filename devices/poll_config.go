package devices

import "time"

// PollConfig is how a device is asked that speaks when it is spoken to.
type PollConfig struct {
	Poll    time.Duration `toml:"poll" doc:"how often it is asked; a field may have a poll of its own" min:"10ms" max:"24h"`
	Timeout time.Duration `toml:"timeout" doc:"how long its answer may take, counted from the end of the request" min:"5ms" max:"60s"`
	Retries int           `toml:"retries" doc:"how often it is asked again at once before it counts as silent" min:"0" max:"10"`
}

// DefaultPoll suits what hangs on an RS-485 line.
func DefaultPoll() PollConfig {
	return PollConfig{Poll: time.Second, Timeout: 500 * time.Millisecond, Retries: 1}
}
