package codec

import (
	"minirelay/relay"
)

// Stream turns the frames of a device that sends by itself into readings, and adds to commands what its frames carry
// beside the text. It serves one goroutine.
type Stream interface {
	// CheckSum verifies the checksum of a frame and removes it. Without a checksum in the mapping every frame is ok.
	CheckSum(frame []byte) (text []byte, ok bool)
	// HasSum says whether frames carry a checksum, so that a damaged one cannot pass for a valid one.
	HasSum() bool
	// AddSum adds the checksum to a command. It may change b and returns the whole command.
	AddSum(b []byte) []byte
	// Decode reads one frame whose checksum has been removed. ok is false, and there are no readings, if the frame
	// belongs to another device. An implausible value becomes null and is counted. The readings are valid until the
	// next call.
	Decode(text []byte) (readings []relay.Reading, ok bool)
}

// HeaderReader is a [Stream] whose device sends something before its first reading that is needed later, such as the
// names of columns.
type HeaderReader interface {
	// ReadHeader looks at the first line after the port was opened, which may be half a line. It says whether the line
	// is the header, and therefore whole.
	ReadHeader(text []byte) bool
}

// CarryOver lets c keep what the stream of an earlier mapping of the device has learnt and the device will not send
// again. It has no effect if c has nothing to keep.
func CarryOver(c, before Stream) {
	if p, ok := before.(*placedStream); ok {
		before = p.Stream
	}
	if l, ok := c.(interface{ CarryOver(before Stream) }); ok {
		l.CarryOver(before)
	}
}
