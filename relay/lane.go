package relay

import (
	"sync"
	"time"
)

// Lane is the bounded queue of commands for one port. The relay puts accepted commands in; the port's owner
// takes them out one at a time and runs each to its end before the next.
//
// A full lane answers busy at once. A newer value for a command that still waits replaces it: the older one is
// answered superseded (never for commands without a value: pressing twice may mean twice).
type Lane struct {
	ready chan struct{} // holds a token while something may wait

	mu      sync.Mutex
	waiting []*Task // oldest first, at most size
	size    int
	closed  *Outcome // how new commands are answered once the lane is closed
}

// NewLane makes a lane in which at most size commands wait.
func NewLane(size int) *Lane {
	return &Lane{ready: make(chan struct{}, 1), size: size}
}

// Ready gives a token when a command waits. One token may stand for several commands: Take until it gives none.
func (l *Lane) Ready() <-chan struct{} { return l.ready }

// Waiting says whether a command waits.
func (l *Lane) Waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) > 0
}

// Take gives the oldest command that may still be written. Those that have become too old on the way, or whose
// device has gone offline, are answered and skipped. It gives nil when none waits.
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
		l.mu.Unlock()
		if !t.device.Online() {
			t.Finish(offline())
		} else if t.Start() {
			return t
		}
	}
}

// Refuse answers every waiting command that belongs to d (every one if d is nil) with code, which must be one
// of the rejections: nothing was written.
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

// Close refuses what waits and whatever comes later with code.
func (l *Lane) Close(code Code, message string) {
	o := Rejected(code, message)
	l.mu.Lock()
	l.closed = &o
	l.mu.Unlock()
	l.Refuse(nil, code, message)
}

// offline answers a command whose device is not there: nothing waits for it to come back.
func offline() Outcome {
	return Rejected(CodeOffline, "the device is offline; check its cable and power")
}

// put adds t. If it cannot, it gives the outcome that answers t; nothing else is changed then.
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
				// The newer one goes to the end: it was asked for after everything that waits.
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

// Task is one accepted command on its way to the hardware. Whoever takes it from a lane must Finish it.
type Task struct {
	Command int   // indexes Model.Commands
	Value   Value // absolute, checked against the model; null for TypeNone

	device   *Device
	accepted time.Time // with a monotonic reading: ages are measured by it
	deadline time.Time // monotonic; past it nothing may be written
	finish   func(Outcome)
	once     sync.Once
}

// Device is the device that the command is for.
func (t *Task) Device() *Device { return t.device }

// Start says whether t may be written now. If it is too old it answers it expired and says no. It may be asked
// again before each byte that starts an action on the hardware, as before a retry.
func (t *Task) Start() bool {
	if time.Now().Before(t.deadline) {
		return true
	}
	t.Finish(Rejected(CodeExpired, "it was not written in time and will not be"))
	return false
}

// InTime says whether t may still be written, without answering it: for retries after a first write.
func (t *Task) InTime() bool { return time.Now().Before(t.deadline) }

// Finish gives the one final outcome. Only the first call counts.
func (t *Task) Finish(o Outcome) { t.once.Do(func() { t.finish(o) }) }
