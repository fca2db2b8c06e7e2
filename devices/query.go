package devices

import (
	"time"

	"minirelay/relay"
)

// asker is the codec of a device that speaks when it is spoken to. Its methods are called by the goroutine that
// owns the port, but for queries and reads, which give the same each time.
type asker interface {
	// queries gives what is asked in one round, in order. They live as long as the mapping.
	queries() []*query
	// reads gives the query whose answer holds a field, by the field's place in the model; nil: none does.
	reads(field int) *query
	// write gives what carries a command out, one query after the other. The device has done it when the last one
	// is answered. An error is what only the wire forbids.
	write(c *command, v relay.Value) ([]*query, error)
	// timing says what silence the protocol wants on a port.
	timing(PortConfig) timing
}

// timing is what silence a protocol wants.
type timing struct {
	before time.Duration // on the line before a request
	ends   time.Duration // silence that ends an answer; 0: answers end by themselves
}

// query is one request and what is made of its answer.
type query struct {
	request []byte
	name    string        // for logs and the wire view: "holding 0-9"
	every   time.Duration // how often it is due
	timeout time.Duration // for the answer, counted from when the request has left
	retries int           // how often it is asked again before it counts as unanswered; of a command see command.Retries
	nobody  bool          // nobody answers: a broadcast

	// answer looks for the answer in what has come since the request was written, which may begin with noise. quiet
	// says that nothing has come for timing.ends. It may be called with the same bytes again, and more of them. The
	// readings are valid until the next call.
	answer func(got []byte, quiet bool) (response, verdict)
}

// response is what a device has answered.
type response struct {
	readings []relay.Reading
	refusal  string // why it says no, for people; with the verdict refused
}

// The verdicts of query.answer, beside noAnswer (more must come) and fits (the answer is there).
const (
	refused verdict = iota + 16 // the device says no
	garbled                     // what has come can never become the answer
)
