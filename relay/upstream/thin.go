package upstream

import (
	"time"

	"minirelay/relay/pace"
)

// thinned is a device of which not every state goes up.
type thinned struct {
	pace  pace.Pace
	owed  *arrival    // the newest that waits
	timer *time.Timer // sends it when it is due
}

// takeReadingLocked lets a state through, or makes it wait for MinInterval to pass. The newest waiting one is sent
// then: it is never lost, only those that it replaces.
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
	if t.owed == nil && t.pace.Take(now, every) {
		return u.takeLocked(r, payload)
	}
	if t.owed == nil {
		t.timer = time.AfterFunc(t.pace.Due(every).Sub(now), func() {
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
	t.owed = nil
	t.pace.Done(time.Now())
	_ = u.takeLocked(a.route, a.payload) // counted
}

// flushThinnedLocked sends the waiting states at the end.
func (u *Upstream) flushThinnedLocked() {
	for _, t := range u.thin {
		if t.timer != nil {
			t.timer.Stop()
		}
		u.giveOwedLocked(t)
	}
}
