package relay

import (
	"sync"
	"sync/atomic"
	"time"
)

// Task is one accepted command on its way to the hardware. Whoever takes it from a lane must Finish it, and may write
// nothing of it before Begin has said yes.
type Task struct {
	Command int   // indexes Model.Commands
	Value   Value // absolute, checked against the model; null for TypeNone

	device   *Device
	accepted time.Time // with a monotonic reading: ages are measured by it
	deadline time.Time // monotonic; past it nothing may be written
	state    atomic.Int32
	finish   func(Outcome)
	once     sync.Once
}

// The states of a task. It leaves the first one once.
const (
	taskWaits   int32 = iota
	taskBegun         // it may have been written
	taskExpired       // it never will be
)

// Device is the device that the command is for.
func (t *Task) Device() *Device { return t.device }

// Begin says whether t may be written now; to be asked once, directly before the first byte. From then on nothing but
// Finish ends t. If t has become too old, it has been answered expired.
func (t *Task) Begin() bool {
	return !t.expire() && t.state.CompareAndSwap(taskWaits, taskBegun)
}

// Deadline is when t becomes too old, with a monotonic reading: no byte of it may be written later.
func (t *Task) Deadline() time.Time { return t.deadline }

// InTime says whether t may still be written, without answering it: for retries after a first write.
func (t *Task) InTime() bool { return time.Now().Before(t.deadline) }

// expire says whether t is over because it became too old before it was begun. When it says so, t has been answered.
func (t *Task) expire() bool {
	if !t.InTime() {
		t.state.CompareAndSwap(taskWaits, taskExpired)
	}
	if t.state.Load() != taskExpired {
		return false
	}
	t.Finish(Expired()) // or waits for who is just doing so
	return true
}

// Finish gives the one final outcome. Only the first call counts.
func (t *Task) Finish(o Outcome) { t.once.Do(func() { t.finish(o) }) }
