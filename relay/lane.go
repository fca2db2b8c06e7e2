package relay

import (
	"slices"
	"sync"
	"time"

	"minirelay/relay/fair"
)

// Lane is the bounded queue of commands for one port. The relay puts accepted commands in; the port's owner takes them
// out one at a time and completes each before the next.
//
// The commands of one person keep their order, and persons take turns: nobody waits for more than one command of each
// other person. A full lane answers busy at once. Its room is shared, too: whoever has fewer commands in it takes the
// place of the newest command of the person who has most, and that one is answered busy. A newer value for a command that still waits replaces it: the older one is answered
// superseded (never for commands without a value: pressing twice may mean twice). A command that becomes too old before
// it is written is answered expired at that moment, even while the owner of the port is busy.
type Lane struct {
	ready chan struct{} // holds a token while something may wait

	mu      sync.Mutex
	waiting []*Task // oldest first, at most size
	turns   fair.Turns
	taken   *Task // the one taken last: it may not have begun yet
	size    int
	closed  *Outcome    // how new commands are answered once the lane is closed
	timer   *time.Timer // runs expire at due
	due     time.Time   // zero: not armed

	expiring sync.Mutex // held by expire from start to end
}

// NewLane makes a lane for at most size waiting commands.
func NewLane(size int) *Lane {
	return &Lane{ready: make(chan struct{}, 1), size: size}
}

// Ready delivers a token if a command waits. One token may stand for several commands: call [Lane.Take] until it
// returns nil.
func (l *Lane) Ready() <-chan struct{} { return l.ready }

// Waiting reports whether a command waits.
func (l *Lane) Waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) > 0
}

// Take returns the next command that may still be written, by the turns of the persons; nil if none waits. A command that has become too old, or
// whose device has been offline since it was accepted, is rejected and skipped, even if the device is online again:
// another one may have been connected. The command that was taken before must be finished: see [Task.Finish].
func (l *Lane) Take() *Task {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.mu.Unlock()
			return nil
		}
		next := l.turns.Next(len(l.waiting), l.person)
		t := l.waiting[next]
		l.waiting = slices.Delete(l.waiting, next, next+1)
		l.taken = t
		l.mu.Unlock()
		switch {
		case t.expire():
		case !t.device.onlineSince(t.accepted):
			t.Finish(offline())
		default:
			return t
		}
	}
}

// person returns whose command waits at place i; mu is held.
func (l *Lane) person(i int) string { return l.waiting[i].person }

// arm makes sure that expire runs at t or earlier; mu is held.
func (l *Lane) arm(t time.Time) {
	if !l.due.IsZero() && !t.Before(l.due) {
		return
	}
	l.due = t
	if l.timer == nil {
		l.timer = time.AfterFunc(time.Until(t), l.expire)
		return
	}
	l.timer.Reset(time.Until(t))
}

// expire answers the commands that have become too old.
func (l *Lane) expire() {
	l.expiring.Lock()
	defer l.expiring.Unlock()
	l.mu.Lock()
	l.due = time.Time{}
	late, kept := []*Task{}, l.waiting[:0:0]
	if t := l.taken; t != nil && !t.InTime() {
		late, l.taken = append(late, t), nil
	} else if t != nil && t.state.Load() == taskWaits {
		l.arm(t.deadline)
	}
	for _, t := range l.waiting {
		if !t.InTime() {
			late = append(late, t)
			continue
		}
		kept = append(kept, t)
		l.arm(t.deadline)
	}
	l.waiting = kept
	l.mu.Unlock()
	for _, t := range late {
		t.expire()
	}
}

// Refuse rejects every waiting command of d, or all of them if d is nil. Nothing of them was written, so code must be
// one of a rejection.
func (l *Lane) Refuse(d *Device, code Code, message string) {
	l.mu.Lock()
	var out []*Task
	kept := l.waiting[:0:0]
	for _, t := range l.waiting {
		if d == nil || t.device == d {
			out = append(out, t)
		} else {
			kept = append(kept, t)
		}
	}
	l.waiting = kept
	l.mu.Unlock()
	for _, t := range out {
		t.Finish(Rejected(code, message))
	}
}

// Close rejects the waiting commands and all later ones with code. When it returns, every command that was not taken
// has its result.
func (l *Lane) Close(code Code, message string) {
	o := Rejected(code, message)
	l.mu.Lock()
	l.closed = &o
	l.mu.Unlock()
	l.Refuse(nil, code, message)
	l.expiring.Lock()
	defer l.expiring.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
}

// offline answers a command whose device is offline: commands do not wait for a device to come back.
func offline() Outcome {
	return Rejected(CodeOffline, "the device is offline; check its cable and power")
}

// put adds t. If it cannot, it returns the outcome that answers t, and nothing else is changed.
func (l *Lane) put(t *Task) (refusal Outcome, ok bool) {
	l.mu.Lock()
	if l.closed != nil {
		defer l.mu.Unlock()
		return *l.closed, false
	}
	older := l.supersede(t)
	var crowded *Task
	if older == nil && len(l.waiting) >= l.size {
		most := fair.Most(len(l.waiting), l.person, t.person)
		if most < 0 {
			l.mu.Unlock()
			return laneFull(), false
		}
		crowded = l.waiting[most]
		l.waiting = slices.Delete(l.waiting, most, most+1)
	}
	l.waiting = append(l.waiting, t)
	l.arm(t.deadline)
	l.mu.Unlock()
	select {
	case l.ready <- struct{}{}:
	default:
	}
	if older != nil {
		older.Finish(Rejected(CodeSuperseded, "a newer value for the same command came before this one was written"))
	}
	if crowded != nil {
		crowded.Finish(laneFull())
	}
	return Outcome{}, true
}

// supersede removes the command that waits and that t is a newer value for; nil if there is none. t goes to the end: it
// was sent after everything that waits. mu is held.
func (l *Lane) supersede(t *Task) (older *Task) {
	if t.device.model.Commands[t.Command].Type == TypeNone {
		return nil
	}
	i := slices.IndexFunc(l.waiting, func(w *Task) bool { return w.device == t.device && w.Command == t.Command })
	if i < 0 {
		return nil
	}
	older = l.waiting[i]
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return older
}

// laneFull answers a command that has no room in its lane.
func laneFull() Outcome {
	return Rejected(CodeBusy, "too many commands wait for this port; try again in a moment")
}
