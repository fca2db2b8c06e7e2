package wire

import (
	"time"

	"minirelay/relay"
)

// Record is one thing to see on the wire of a port. One of Bytes, Frame and State is there. What it points to is
// shared and not to be changed.
type Record struct {
	At    time.Time
	Bytes *Bytes
	Frame *Frame
	State *State
}

// Bytes are bytes as they were read or written at once.
type Bytes struct {
	Out  bool // written by the gateway
	Data []byte
}

// Frame is a frame and what has become of it.
type Frame struct {
	Data    []byte // as it was cut; empty where an answer was waited for in vain
	Device  string // whose it is; "" if nobody's
	Request string // what it answers, of a device that is asked; "" otherwise
	OK      bool   // it was taken: as readings, or as the answer to a command
	Values  []Value
	Why     string // why it was dropped, or why values of it are no good readings; "" if there is nothing to say
}

// Value is what one field of a device has become. Decimals is the field's, for showing it.
type Value struct {
	Field    string
	Value    relay.Value
	Decimals int
}

// State says whether the port is open, and if it is not why.
type State struct {
	Open    bool
	Trouble string
}
