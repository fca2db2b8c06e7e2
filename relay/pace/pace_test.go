package pace

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	const every = 10 * time.Second
	start := time.Unix(1000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	var p Pace
	if !p.Take(at(0), every) || !p.Due(every).IsZero() {
		t.Error("the first one waits")
	}
	if p.Take(at(1), every) || p.Take(at(9), every) || !p.Due(every).Equal(at(10)) {
		t.Errorf("those after it do not, or until %v", p.Due(every))
	}
	p.Done(at(12)) // late
	if !p.Due(every).IsZero() || p.Take(at(21), every) || !p.Due(every).Equal(at(22)) {
		t.Errorf("the interval does not begin with the late one: %v", p.Due(every))
	}
	p.Drop()
	if !p.Due(every).IsZero() || !p.Take(at(22), every) {
		t.Error("a dropped one still waits")
	}
	for range 2 {
		if !p.Take(at(22), 0) {
			t.Error("without an interval something waits")
		}
	}
}
