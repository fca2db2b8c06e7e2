package codec

import (
	"time"

	"minirelay/devices/serial"
	"minirelay/relay"
)

// MaxInbox bounds what may come between a request and its answer, in bytes. The longest answer of any protocol is far
// shorter.
const MaxInbox = 4096

// Poller makes the requests for a device that sends only when it is asked. It serves the goroutine that owns the port;
// only Queries and Reads are also called before that goroutine starts.
type Poller interface {
	// Queries returns what is requested in one round, in order. The queries live as long as the mapping, except for
	// those that a [Response] replaces.
	Queries() []*Query
	// Reads returns the query whose answer carries a field, by the field's index in the model; nil if none does.
	Reads(field int) *Query
	// Write returns the query that carries out a command: the device has done it once the query is answered. An error
	// is a value that only the wire forbids, as a sentence for a person.
	Write(c *Command, v relay.Value) (*Query, error)
	// Timing returns the silence that the protocol needs on a port.
	Timing(serial.Config) Timing
}

// Recognizer is a [Poller] that can also read the answers to requests that it would not make itself: those of another
// program, or of an earlier mapping that was in use when they were recorded.
type Recognizer interface {
	// Recognize returns the query for a request; nil if its answer carries no field.
	Recognize(request []byte) *Query
}

// Timing is the silence that a protocol needs.
type Timing struct {
	Before time.Duration // on the line before a request
	Ends   time.Duration // silence that ends an answer; 0: answers end by themselves
	// Requests finds the requests of another master in bytes for which no request of ours waited; own is our last
	// request, of which an adapter may make an echo. pending says that the last one is not answered yet. nil: nothing
	// distinguishes them from answers.
	Requests func(got, own []byte) (n int, pending bool)
}

// Query is one request and how its answer is judged.
type Query struct {
	Request []byte        // the bytes to write
	Name    string        // for logs and the view of the wire, for example "holding:0-9"
	Every   time.Duration // polling interval
	Timeout time.Duration // time limit for the beginning of the answer, counted from the end of the request
	Length  int           // bytes of the longest answer: the time they take on the line is added to Timeout
	After   time.Duration // silence that the device needs after its answer, before the next request to any device
	Retries int           // how often it is repeated before it counts as unanswered; a command has its own number
	Nobody  bool          // no device answers: a broadcast
	Repeats bool          // the device may repeat the request before its answer, as modems do: that shows nothing about the adapter
	Proof   *Query        // of a command whose answer repeats it: a read that shows whether the adapter receives what it sends
	By      time.Time     // of a command: none of its bytes may be written later
	Once    bool          // asked before the others, and answered once: after the port was opened or the device was away

	// Shape identifies answers that look alike: a late one could be taken for the answer to another query of the same
	// shape. "": an answer identifies its request.
	Shape string
	// Refusal is the same for answers that refuse. "": they identify their request, or have the Shape.
	Refusal string

	// Parts returns the queries that read the same in parts, for a device that ignores the whole; nil: it has none. A part
	// has parts of its own.
	Parts func() []*Query

	// Answer looks for the answer in what has come since the request was written, which may begin with noise. quiet
	// says that nothing has come for [Timing].Ends. It may be called again with the same bytes and more of them. The
	// readings are valid until the next call.
	Answer func(got []byte, quiet bool) (Response, Verdict)
}

// Response is what a device has answered.
type Response struct {
	Readings []relay.Reading
	Refusal  string   // with the verdicts Refused and Unreached: the reason, for a person
	Hint     string   // what to try, for the log
	Noise    bool     // with the verdict NoAnswer: something came, but no answer
	Pending  bool     // with the verdict Refused: the device has begun to do it, and only cannot answer in time
	Instead  []*Query // with the verdict Refused: the queries that replace this one from now on
	Busy     bool     // with the verdict Refused: the device asks for time, and the same request may be answered a little later
	Then     *Query   // the query that continues an answer in several parts; nil: the answer is complete
}
