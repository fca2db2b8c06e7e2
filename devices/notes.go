package devices

import (
	"log/slog"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/schedule"
)

// resultFor returns what an answer means for the schedule.
func resultFor(r codec.Response, v codec.Verdict) schedule.Result {
	switch {
	case v == codec.Refused && r.Busy:
		return schedule.Busy
	case v == codec.Fits || v == codec.Refused:
		return schedule.Answered
	}
	return schedule.Unanswered
}

// noteSilence divides a request that the device ignores although it answers a part of it, and logs that once.
func (m *device) noteSilence(log *slog.Logger, poll int, now time.Time) {
	parts := m.schedule.Divide(poll)
	if parts == nil {
		return
	}
	name := m.schedule.Polls[poll].Name
	if again := m.schedule.Part(poll, parts, now); !again {
		log.Warn("the device ignores this request and answers a part of it: it is polled in parts", "device", m.config.ID, "request", name,
			"hint", "a unit that ignores long requests needs a lower max_registers; one that ignores registers it does not have is polled faster without these fields")
	}
}

// missed logs, once, that a device has not answered since the port was opened. A device that has answered before is
// reported by the relay, after its offline_after.
func (m *device) missed(log *slog.Logger, r codec.Response) {
	switch {
	case m.schedule.Proven:
		m.reported = false
	case !m.reported:
		m.reported = true
		hint := "check its power, its address, its wires (A and B swapped?), and the speed and parity of the port"
		if r.Noise {
			hint = "the data received is not an answer: check the speed and the parity of the port, and whether two devices have the same address"
		}
		log.Warn("the device does not answer; it is polled less and less often", "device", m.config.ID, "hint", hint)
	}
}

// noteRefusal logs, once, that a device refuses a request, and splits the request if the device may answer parts of it.
func (m *device) noteRefusal(log *slog.Logger, q *codec.Query, r codec.Response, v codec.Verdict) {
	i, now := m.schedule.Find(q), time.Now()
	if i < 0 || v == codec.NoAnswer {
		return
	}
	a := &m.schedule.Polls[i]
	log = log.With("device", m.config.ID, "request", a.Name)
	switch {
	case v == codec.Fits:
		if a.Accepted() {
			log.Info("the device answers again")
		}
	case r.Instead != nil:
		if !m.parted {
			log.Info("the device refuses the whole request: it is polled in parts from now on", "reason", r.Refusal)
			m.parted = true
		}
		m.schedule.Part(i, r.Instead, now)
	case a.Refused(r.Refusal, now):
		log.Warn("the device refuses to answer", "fields", m.fieldsOf(q), "reason", r.Refusal, "hint", r.Hint)
	}
}
