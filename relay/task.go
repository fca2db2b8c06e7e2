package relay

import (
	"sync"
	"sync/atomic"
	"time"
)

// Task is one accepted command on its way to the hardware. The owner of the port takes it from a [Lane], must call
// [Task.Finish], and writes nothing of it before [Task.Begin] returns true.
type Task struct {
	Command int   // indexes Model.Commands
	Value   Value // absolute, checked against the model; null for TypeNone

	device   *Device
	person   string    // who gave it; see Message.User
	accepted time.Time // when it arrived, with a monotonic reading: its device must have been online ever since
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

// Device is the device of the command.
func (t *Task) Device() *Device { return t.device }

// Begin reports whether the command may be written now. It is called once, directly before the first byte: after that
// only [Task.Finish] ends the command. A command that has become too old is rejected here as expired.
func (t *Task) Begin() bool {
	return !t.expire() && t.state.CompareAndSwap(taskWaits, taskBegun)
}

// Deadline is the time after which no byte of the command may be written. It has a monotonic reading.
func (t *Task) Deadline() time.Time { return t.deadline }

// InTime reports whether the command may still be written, and does not reject it: for retries after the first write.
func (t *Task) InTime() bool { return time.Now().Before(t.deadline) }

// expire reports whether t is over because it became too old before it began. If so, t has been answered.
func (t *Task) expire() bool {
	if !t.InTime() {
		t.state.CompareAndSwap(taskWaits, taskExpired)
	}
	if t.state.Load() != taskExpired {
		return false
	}
	t.Finish(Expired()) // or wait for the goroutine that is doing so
	return true
}

// Finish publishes the one final outcome. Only the first call counts.
func (t *Task) Finish(o Outcome) { t.once.Do(func() { t.finish(o) }) }
