// Package binary is the protocol of devices that send frames of bytes, as a [mapping.BinaryConfig] describes them.
//
// Most callers need two functions: [New] decodes the frames of a device that sends by itself, which [NewFramer] cuts
// out of the byte stream; [NewPoller] makes the requests for a device that answers. [Check] reports everything in a
// mapping that cannot work, and the others expect a mapping in which it has found nothing.
//
// The way of the data: feed.go reads and notices silence; candidates.go and block.go find frames in the bytes;
// rules.go judges a frame; stuffing.go removes the byte stuffing; stream.go and poller.go read its fields; template.go
// writes commands and recognises their answers.
//
// # Promises
//
// A frame is found wherever it begins and however its bytes arrive: noise, a lost byte or a wrong length before a frame
// does not cost that frame. What is dropped is counted. Each value serves one goroutine, the owner of the port.
//
// # Deliberately absent
//
// There are no conditions in a frame other than bytes at positions, no fields of variable length, and no bits that are
// numbered across bytes.
package binary
