// Package missed finds the fields of a device that have no good value, and says why.
//
// Most callers need two functions: [New] makes the [Fields] of a device, and [Fields.List] returns those that are missed.
// [Fields.Took] and [Fields.Unanswered] are told what the device has sent.
//
// # Promises
//
// A field is named only after some frames, in which it could have come. Reasons are composed for few frames only.
//
// Deliberately absent: a judgement whether a value is good; that is the reading.
package missed

import (
	"slices"
	"strings"
	"time"

	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// A field is missed once its device has sent manyFrames frames in shortTime or fewFrames in longTime, and none of them had a
// good value of it.
const (
	manyFrames, shortTime = 10, 5 * time.Second
	fewFrames, longTime   = 3, time.Minute
)

// Field is a field that has no good value, and the reason as a sentence for people.
type Field struct{ Device, Field, Why string }

// Fields notes which fields of a device have had a good value, and why the others have not. Its methods are called by one
// goroutine at a time.
type Fields struct {
	config *mapping.DeviceConfig
	state  []fieldState
	left   int // how many on the wire have never been good
	frames int
	since  time.Time // of the first frame
	told   bool
	says   string // the names that the device sends, as it last did
}

type fieldState struct {
	good    bool   // it has had a good value, or is computed
	tries   int    // frames or answers that should have had one
	why     string // why the last one had none; "": unknown
	refused bool   // the last answer was a refusal
}

// New returns the fields of a device; none has had a value.
func New(c *mapping.DeviceConfig) Fields {
	m := Fields{config: c, state: make([]fieldState, len(c.Fields))}
	for i, f := range c.Fields {
		if m.state[i].good = f.Computed(); !m.state[i].good {
			m.left++
		}
	}
	return m
}

// Asks reports whether the reasons are worth composing for the next frame: not for each one.
func (m *Fields) Asks() bool {
	return m.left > 0 && (m.frames < 2*manyFrames || m.frames%manyFrames == 0)
}

// Took notes the readings of a frame, and what the codec has remarked about it. refusal is why they are null; "": they are
// what the device has sent.
func (m *Fields) Took(at time.Time, readings []relay.Reading, tap *wire.Tap, refusal string) {
	if m.frames++; m.since.IsZero() {
		m.since = at
	}
	if m.left == 0 && refusal == "" && !slices.ContainsFunc(m.state, func(s fieldState) bool { return s.refused }) {
		return
	}
	if said := tap.Said(); said != "" {
		m.says = said
	}
	for _, r := range readings {
		s := &m.state[r.Field]
		s.tries++
		switch {
		case !r.Value.IsNull():
			if !s.good {
				m.left--
			}
			*s = fieldState{good: true}
		case refusal != "":
			s.why, s.refused = refusal, true
		default:
			s.refused = false
			if why := remark(tap, m.config.Fields[r.Field].ID); why != "" {
				s.why = why
			}
		}
	}
}

// remark returns what the codec has remarked about a field in the frame being decoded.
func remark(tap *wire.Tap, field string) string {
	for _, why := range tap.Why {
		if rest, ok := strings.CutPrefix(why, field+": "); ok {
			return rest
		}
	}
	return ""
}

// Unanswered notes that the request for some fields was not answered.
func (m *Fields) Unanswered(reads func(field int) bool) {
	for i := range m.state {
		if s := &m.state[i]; !s.good && reads(i) {
			s.tries++
			s.why = "its request is not answered"
		}
	}
}

// List returns the fields that are missed at now.
func (m *Fields) List(now time.Time, polled bool) (all []Field) {
	for i, s := range m.state {
		tries := m.frames
		if polled {
			tries = s.tries
		}
		long := now.Sub(m.since)
		if m.frames == 0 || !s.refused && (s.good || !(tries >= manyFrames && long >= shortTime || tries >= fewFrames && long >= longTime)) {
			continue
		}
		id := m.config.Fields[i].ID
		why := id + " has never been seen"
		switch {
		case s.good:
			why = id + " is refused: " + s.why
		case s.why != "":
			why = id + " has never had a good value: " + s.why
		case m.says != "":
			why += "; the board says " + m.says
		}
		all = append(all, Field{m.config.ID, id, why})
	}
	return all
}

// Tell returns, once, the fields that are missed, as a text for the log; "": none, or they were told.
func (m *Fields) Tell(now time.Time, polled bool) string {
	if m.told || m.left == 0 || m.frames < fewFrames {
		return ""
	}
	var words []string
	for _, f := range m.List(now, polled) {
		words = append(words, f.Why)
	}
	m.told = len(words) > 0
	return strings.Join(words, "; ")
}

// Due reports whether it is time to show those who watch what is missed: with every so many frames.
func (m *Fields) Due() bool { return m.left > 0 && m.frames%manyFrames == 0 }
