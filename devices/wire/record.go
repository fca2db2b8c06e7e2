package wire

import (
	"time"

	"minirelay/relay"
)

// Record is one thing to see on the line of a port. Exactly one of Bytes, Frame and State is not nil. All watchers share what
// it points to: nobody may change it.
type Record struct {
	At    time.Time
	Bytes *Bytes
	Frame *Frame
	State *State
}

// Bytes are bytes that were read or written at once.
type Bytes struct {
	Out  bool // written by the gateway; false: read
	Data []byte
}

// Frame is a frame and its outcome.
type Frame struct {
	Data    []byte // the bytes of the frame, at most 4096; empty if no answer came
	Device  string // the id of its device; "" if it belongs to none
	Request string // the request that it answers; "" for a device that talks by itself
	OK      bool   // it was accepted, as readings or as the answer to a command
	Values  []Value
	Why     string // why it was dropped, or why some of its values are invalid; "" otherwise
}

// Value is the new value of one field of a device. Decimals is that of the field: decimal places to show, or -1 for as many as
// there are.
type Value struct {
	Field    string
	Value    relay.Value
	Decimals int
}

// State reports whether the port is open, and the reason if it is not.
type State struct {
	Open    bool
	Trouble string
}
