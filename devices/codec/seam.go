package codec

import (
	"minirelay/relay"
)

// MaxInbox bounds what may come between a request and its answer. The longest answer of any codec is far shorter.
const MaxInbox = 4096

// Stream turns the frames of a device that talks by itself into readings, and adds to commands what its frames
// carry beside the text. It serves one goroutine.
type Stream interface {
	// CheckSum checks and takes off the checksum of a frame; without one in the mapping every frame is right.
	CheckSum(frame []byte) (text []byte, ok bool)
	// HasSum says whether frames carry a checksum, so that a broken one cannot pass for a good one.
	HasSum() bool
	// AddSum puts the checksum onto a command. It may change b and gives the whole command.
	AddSum(b []byte) []byte
	// Decode reads one unsealed frame. It says no, and gives nothing, if the frame is not one of this device's. A
	// value that is no good reading becomes null and is counted. The readings are valid until the next call.
	Decode(text []byte) (readings []relay.Reading, ok bool)
}

// Framer cuts a stream into frames.
type Framer interface {
	// Next gives the next frame of at most limit bytes. Its error is the reader's, once every frame before it has
	// been given.
	Next(limit int) (Frame, error)
}

// Recognizer is an asker that can read the answers to requests that it would not make itself: another program's, or
// those of a mapping that was different when it was recorded.
type Recognizer interface {
	// Recognize gives the query for a request; nil if its answer says nothing about a field.
	Recognize(request []byte) *Query
}

func CarryOver(c, before Stream) {
	if p, ok := before.(*placedStream); ok {
		before = p.Stream
	}
	if l, ok := c.(interface{ CarryOver(before Stream) }); ok {
		l.CarryOver(before)
	}
}

// HeaderReader is a codec whose device says something worth knowing before its first reading.
type HeaderReader interface {
	// ReadHeader looks at a line that may be half of one. It says whether it is whole after all.
	ReadHeader(text []byte) bool
}
