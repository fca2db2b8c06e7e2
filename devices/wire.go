package devices

import (
	"time"

	"minirelay/relay"
)

// Record is one thing to see on the wire of a port. One of Bytes, Frame and State is there. What it points to is
// shared and not to be changed.
type Record struct {
	At    time.Time
	Bytes *WireBytes
	Frame *WireFrame
	State *WireState
}

// WireBytes are bytes as they were read or written at once.
type WireBytes struct {
	Out  bool // written by the gateway
	Data []byte
}

// WireFrame is a frame and what has become of it.
type WireFrame struct {
	Data    []byte // as it was cut; empty where an answer was waited for in vain
	Device  string // whose it is; "" if nobody's
	Request string // what it answers, of a device that is asked; "" otherwise
	OK      bool   // it was taken: as readings, or as the answer to a command
	Values  []WireValue
	Why     string // why it was dropped, or why values of it are no good readings; "" if there is nothing to say
}

// WireValue is what one field of a device has become. Decimals is the field's, for showing it.
type WireValue struct {
	Field    string
	Value    relay.Value
	Decimals int
}

// WireState says whether the port is open, and if it is not why.
type WireState struct {
	Open    bool
	Trouble string
}
