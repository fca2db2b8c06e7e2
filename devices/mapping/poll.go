package mapping

import (
	"fmt"
	"time"
)

// PollConfig describes how a device is polled that sends only when it is asked.
type PollConfig struct {
	Poll    time.Duration `toml:"poll" doc:"polling interval; a field may have a poll of its own" min:"1ms" max:"24h"`
	Timeout time.Duration `toml:"timeout" doc:"time limit for the beginning of its answer, counted from the end of the request" min:"5ms" max:"60s"`
	Retries int           `toml:"retries" doc:"number of retries before it counts as silent and is polled less and less often" min:"0" max:"10"`
}

// DefaultPoll is what the keys of [PollConfig] start from: values for an RS-485 line.
func DefaultPoll() PollConfig {
	return PollConfig{Poll: time.Second, Timeout: 500 * time.Millisecond, Retries: 1}
}

// PollFieldConfig gives a field a polling interval of its own.
type PollFieldConfig struct {
	Poll time.Duration `toml:"poll" doc:"polling interval of the field; that of the device if left out" min:"1ms" max:"24h"`
}

// Polled is the polling interval of the field; device is that of its device.
func (c PollFieldConfig) Polled(device time.Duration) time.Duration {
	if c.Poll > 0 {
		return c.Poll
	}
	return device
}

// missedPolls is how many polls of a field with its own interval may be missed before its value is too old.
const missedPolls = 3

// StaleIn is the time after which the value of a field is too old; 0: when its device is offline.
func (f FieldConfig) StaleIn(device DeviceConfig) time.Duration {
	own := f.ownPoll(device)
	if f.StaleAfter > 0 || own == 0 {
		return f.StaleAfter
	}
	return max(device.OfflineAfter, missedPolls*own)
}

// ownPoll is the polling interval of the field, or of the request whose answer contains it; 0: that of the device.
func (f FieldConfig) ownPoll(device DeviceConfig) time.Duration {
	if i := device.RequestOf(f); i >= 0 {
		return device.Requests[i].Poll
	}
	return f.Poll
}

// Polls checks the polling intervals of a device, and that its values do not expire in between.
func (k *Checker) Polls() {
	c := k.Device
	k.At = Problem{}
	if c.Poll <= 0 || c.Timeout <= 0 || c.Retries < 0 {
		k.Add("poll", "poll and timeout must be greater than 0, and retries must not be negative", "leave them out for 1s, 500ms and 1")
		return
	}
	if len(c.Fields) == 0 {
		return
	}
	fastest := PollFieldConfig{c.Fields[0].ownPoll(c)}.Polled(c.Poll)
	for _, f := range c.Fields {
		k.At = Problem{Field: f.ID}
		every := PollFieldConfig{f.ownPoll(c)}.Polled(c.Poll)
		fastest = min(fastest, every)
		if f.Poll < 0 {
			k.Add("poll", "it must be greater than 0", "leave it out for that of the device")
		}
		if f.StaleAfter > 0 && f.StaleAfter <= every {
			k.Add("stale_after", fmt.Sprintf("it is polled every %v: its value would be unknown before the next one arrives", every),
				fmt.Sprintf("write stale_after = \"%v\" or longer, or leave it out", missedPolls*every))
		}
	}
	k.At = Problem{}
	if c.OfflineAfter <= fastest {
		k.Add("offline_after", fmt.Sprintf("it is %v, and the device is polled every %v: it would be offline before the next answer", c.OfflineAfter, fastest),
			fmt.Sprintf("write offline_after = \"%v\" or longer", missedPolls*fastest))
	}
}
