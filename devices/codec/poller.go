package codec

import (
	"time"

	"minirelay/devices/serial"
	"minirelay/relay"
)

// Poller is the codec of a device that speaks when it is spoken to. Its methods are called by the goroutine that
// owns the port, but for queries and reads at the beginning.
type Poller interface {
	// Queries gives what is asked in one round, in order. They live as long as the mapping, but for those that a
	// response replaces.
	Queries() []*Query
	// Reads gives the query whose answer holds a field, by the field's place in the model; nil: none does.
	Reads(field int) *Query
	// Write gives what carries a command out: the device has done it when it is answered. An error is what only the
	// wire forbids.
	Write(c *Command, v relay.Value) (*Query, error)
	// Timing says what silence the protocol wants on a port.
	Timing(serial.Config) Timing
}

// Timing is what silence a protocol wants.
type Timing struct {
	Before time.Duration // on the line before a request
	Ends   time.Duration // silence that ends an answer; 0: answers end by themselves
}

// Query is one request and what is made of its answer.
type Query struct {
	Request []byte
	Name    string        // for logs and the wire view: "holding:0-9"
	Every   time.Duration // how often it is due
	Timeout time.Duration // until the answer begins, counted from when the request has left
	Length  int           // bytes of the longest answer: the time they take on the line comes on top of timeout
	After   time.Duration // silence that the device wants behind its answer, before anybody is asked anything
	Retries int           // how often it is asked again before it counts as unanswered; of a command see command.Retries
	Nobody  bool          // nobody answers: a broadcast
	By      time.Time     // of a command: no byte of it may leave later
	Once    bool          // it is asked before the others, and answered once: when the port was opened, or the device was away

	// Shape tells which answers look alike: one that comes too late could be taken for the answer to another query of
	// the same shape. "": an answer tells what it answers.
	Shape string
	// Refusal is the same for answers that say no. "": they tell what they answer, or are of the shape.
	Refusal string

	// Answer looks for the answer in what has come since the request was written, which may begin with noise. quiet
	// says that nothing has come for timing.ends. It may be called with the same bytes again, and more of them. The
	// readings are valid until the next call.
	Answer func(got []byte, quiet bool) (Response, Verdict)
}

// Response is what a device has answered.
type Response struct {
	Readings []relay.Reading
	Refusal  string   // why it says no, for people; with the verdicts refused and unreached
	Hint     string   // what to try, for the log
	Noise    bool     // with the verdict noAnswer: something came, but no answer
	Pending  bool     // it says no only to an answer in time: it has begun to do what was asked
	Instead  []*Query // with the verdict refused: what is asked from now on instead of the query
	Then     *Query   // what must be asked further before the answer is whole; nil: nothing
}

// The verdicts of query.answer, beside noAnswer (more must come) and fits (the answer is there).
const (
	Refused   Verdict = iota + 16 // the device says no
	Unreached                     // something on the way says that the device does not answer
	Garbled                       // what has come can never become the answer
)
