package computed

import (
	"slices"
	"time"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// round says when all fields that a computed one depends on have been read in one round of asking. Between two reads of one
// round, the hardware may change; between two rounds, a high word may belong to another value than its low word.
type round struct {
	every  time.Duration                 // how often the fields are asked for; 0: the computed field is not in rounds
	start  func(now time.Time) time.Time // from when the rounds are counted
	places []int                         // indexes in the model of the fields on the wire
	read   []time.Time                   // when each was read last; zero: not since the last complete round
	before []time.Time                   // when it was read last
	usual  time.Duration                 // how long a round usually takes; 0: unknown
	period time.Duration                 // the shortest time in which one was read again, of late
}

// take notes readings, and says whether the round is complete. A field that comes a second time begins the next round.
func (r *round) take(read []relay.Reading, now time.Time) (complete bool) {
	if len(read) == 0 {
		return false
	}
	again := false
	came := func(i int) bool {
		return slices.ContainsFunc(read, func(x relay.Reading) bool { return x.Field == r.places[i] })
	}
	for i := range r.places {
		again = again || came(i) && !r.read[i].IsZero()
	}
	if again {
		clear(r.read)
	}
	oldest := now
	for i := range r.places {
		if came(i) {
			if !r.before[i].IsZero() {
				r.period = min(now.Sub(r.before[i]), max(r.every, r.period+r.period/32))
			}
			r.read[i], r.before[i] = now, now
		}
		if r.read[i].IsZero() {
			return false
		}
		if r.read[i].Before(oldest) {
			oldest = r.read[i]
		}
	}
	// A field that was asked for in vain, and is answered between two rounds, belongs to neither.
	spread, start := now.Sub(oldest), r.start(now)
	switch {
	case now.Sub(start)/r.every == oldest.Sub(start)/r.every:
		complete = r.usual == 0 || spread <= max(r.every/4, 2*r.usual)
		if r.usual += r.usual / 32; r.usual == 0 || spread < r.usual {
			r.usual = max(spread, 1)
		}
	case r.period > 2*r.every: // the line is too slow for its rounds
		complete = spread <= r.period*3/4
	}
	for i := range r.places {
		if complete || !came(i) {
			r.read[i] = time.Time{}
		}
	}
	return complete
}

// onTheWire returns, for each computed field, the indexes in the model of the fields on the wire that it depends on.
func (m *Computation) onTheWire() [][]int {
	all := make([][]int, len(m.Fields))
	for i, f := range m.Fields {
		for _, in := range f.inputs {
			places := []int{in.place}
			if j := slices.IndexFunc(m.Fields[:i], func(other Field) bool { return other.Place == in.place }); j >= 0 {
				places = all[j]
			}
			for _, p := range places {
				if !slices.Contains(all[i], p) {
					all[i] = append(all[i], p)
				}
			}
		}
	}
	return all
}

// InRounds makes the fields wait for complete rounds whose inputs are asked for equally often. every is how often the field
// at an index of the model is asked for; start returns the time from which the rounds are counted.
func (m *Computation) InRounds(every func(place int) time.Duration, start func(now time.Time) time.Time) {
	for i := range m.Fields {
		r := &m.Fields[i].round
		first := every(r.places[0])
		if len(r.places) < 2 || slices.ContainsFunc(r.places, func(p int) bool { return every(p) != first }) {
			continue
		}
		r.every, r.start, r.read, r.before = first, start, make([]time.Time, len(r.places)), make([]time.Time, len(r.places))
	}
}

// Together returns a number for each field of a device without problems: fields with the same one are used together to
// compute others, and are best read in one request. 0: a field is used alone, or not at all.
func Together(c mapping.DeviceConfig) []int {
	groups := make([]int, len(c.Fields))
	m := New(c, nil)
	if m == nil {
		return groups
	}
	for i, f := range m.Fields {
		if len(f.round.places) < 2 {
			continue
		}
		for _, p := range f.round.places {
			if old := groups[p]; old != 0 { // both computed fields need it
				for k := range groups {
					if groups[k] == old {
						groups[k] = i + 1
					}
				}
			}
			groups[p] = i + 1
		}
	}
	return groups
}

// Mixed returns the computed fields of a device without problems whose inputs are asked for at different intervals: for a
// while after each change, they are computed from old and new values.
func Mixed(c mapping.DeviceConfig) (ids []string) {
	m := New(c, nil)
	if m == nil {
		return nil
	}
	for _, f := range m.Fields {
		polled := func(p int) time.Duration { return c.Fields[p].Polled(c.Poll) }
		if slices.ContainsFunc(f.round.places, func(p int) bool { return polled(p) != polled(f.round.places[0]) }) {
			ids = append(ids, f.id)
		}
	}
	return ids
}
