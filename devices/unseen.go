package devices

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

// Missed is a field that has no good value, and the reason as a sentence for people.
type Missed struct{ Device, Field, Why string }

// missing notes which fields of a device have had a good value, and why the others have not. It is guarded by the line's
// mu.
type missing struct {
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

func newMissing(c *mapping.DeviceConfig) missing {
	m := missing{config: c, state: make([]fieldState, len(c.Fields))}
	for i, f := range c.Fields {
		if m.state[i].good = f.Computed(); !m.state[i].good {
			m.left++
		}
	}
	return m
}

// asks reports whether the reasons are worth composing for the next frame: not for each one.
func (m *missing) asks() bool {
	return m.left > 0 && (m.frames < 2*manyFrames || m.frames%manyFrames == 0)
}

// took notes the readings of a frame, and what the codec has remarked about it. refusal is why they are null; "": they are
// what the device has sent.
func (m *missing) took(at time.Time, readings []relay.Reading, tap *wire.Tap, refusal string) {
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

// unanswered notes that the request for some fields was not answered.
func (m *missing) unanswered(reads func(field int) bool) {
	for i := range m.state {
		if s := &m.state[i]; !s.good && reads(i) {
			s.tries++
			s.why = "its request is not answered"
		}
	}
}

// list returns the fields that are missed at now.
func (m *missing) list(now time.Time, polled bool) (all []Missed) {
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
		all = append(all, Missed{m.config.ID, id, why})
	}
	return all
}

// tell returns, once, the fields that are missed, as a text for the log; "": none, or they were told.
func (m *missing) tell(now time.Time, polled bool) string {
	if m.told || m.left == 0 || m.frames < fewFrames {
		return ""
	}
	var words []string
	for _, f := range m.list(now, polled) {
		words = append(words, f.Why)
	}
	m.told = len(words) > 0
	return strings.Join(words, "; ")
}

// looksFor begins a frame of m: the codec remarks on it if fields are missed.
func (j *judge) looksFor(m *device) { j.tap.Ask(m.missing.asks()) }

// misses shows, with every so many frames, the fields of m that are missed.
func (j *judge) misses(m *device, at time.Time) {
	if m.missing.left == 0 || m.missing.frames%manyFrames != 0 || !j.tap.Watched() {
		return
	}
	for _, f := range m.missing.list(at, m.poller != nil) {
		j.tap.Because(f.Why)
	}
}
