package relay

import (
	"sync"
	"time"
)

// Lane is the bounded queue of commands for one port. The relay puts accepted commands in; the port's owner takes them
// out one at a time and completes each before the next.
//
// A full lane answers busy at once. A newer value for a command that still waits replaces it: the older one is answered
// superseded (never for commands without a value: pressing twice may mean twice). A command that becomes too old before
// it is written is answered expired at that moment, even while the owner of the port is busy.
type Lane struct {
	ready chan struct{} // holds a token while something may wait

	mu      sync.Mutex
	waiting []*Task // oldest first, at most size
	taken   *Task   // the one taken last: it may not have begun yet
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

// Take returns the oldest command that may still be written; nil if none waits. A command that has become too old, or
// whose device has been offline since it was accepted, is rejected and skipped, even if the device is online again:
// another one may have been connected. The command that was taken before must be finished: see [Task.Finish].
func (l *Lane) Take() *Task {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.mu.Unlock()
			return nil
		}
		t := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
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
	var older *Task
	if t.device.model.Commands[t.Command].Type != TypeNone {
		for i, w := range l.waiting {
			if w.device == t.device && w.Command == t.Command {
				// The newer one goes to the end: it was sent after everything that waits.
				older = w
				l.waiting = append(l.waiting[:i:i], l.waiting[i+1:]...)
				break
			}
		}
	}
	if older == nil && len(l.waiting) >= l.size {
		l.mu.Unlock()
		return Rejected(CodeBusy, "too many commands wait for this port; try again in a moment"), false
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
	return Outcome{}, true
}
