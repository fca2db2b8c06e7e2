package upstream

import "time"

// thinned is a device of which not every state goes up.
type thinned struct {
	last  time.Time   // when one went
	owed  *arrival    // the newest that waits
	timer *time.Timer // gives it at last + MinInterval
}

// takeReadingLocked lets a state through, or makes it wait for MinInterval to pass. The newest one that waits
// goes then: it is never lost, only those that it replaces.
func (u *Upstream) takeReadingLocked(r *route, payload []byte) error {
	every := u.config.MinInterval
	if every == 0 {
		return u.takeLocked(r, payload)
	}
	t := u.thin[r.device]
	if t == nil {
		t = &thinned{}
		u.thin[r.device] = t
	}
	now := time.Now()
	if t.owed == nil && now.Sub(t.last) >= every {
		t.last = now
		return u.takeLocked(r, payload)
	}
	if t.owed == nil {
		t.timer = time.AfterFunc(every-now.Sub(t.last), func() {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.giveOwedLocked(t)
		})
	}
	t.owed = &arrival{r, payload}
	return nil
}

func (u *Upstream) giveOwedLocked(t *thinned) {
	if t.owed == nil {
		return
	}
	a := *t.owed
	t.owed, t.last = nil, time.Now()
	_ = u.takeLocked(a.route, a.payload) // counted
}

// flushThinnedLocked gives what waits at the end.
func (u *Upstream) flushThinnedLocked() {
	for _, t := range u.thin {
		if t.timer != nil {
			t.timer.Stop()
		}
		u.giveOwedLocked(t)
	}
}
