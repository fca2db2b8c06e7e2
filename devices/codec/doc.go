// Package codec is what the protocols have in common: the two interfaces by which a protocol is used, and how a value
// on the wire becomes a reading.
//
// A protocol in a package below this one provides one of two things. [Stream] decodes the frames of a device that
// sends by itself; [Poller] makes the requests for a device that answers, each a [Query] that judges its own answer. A
// new protocol needs only this package and package mapping: it collects readings with [NewReadings], or reads fields
// with [NewWireField] or [NewByteField], and parses what a person wrote with [ParseBytes] and [ParsePlaces].
//
// # Promises
//
// A Stream or a Poller serves one goroutine, the owner of the port. Nothing that a device sends makes it fail: a frame
// of another device is reported by ok = false, an implausible value becomes a null reading and is counted, and the
// errors of [Command.Wire] and [Poller].Write are sentences that are safe to show to a person. Readings are valid
// until the next call.
//
// # Deliberately absent
//
// Nothing here reads from or writes to a port, waits, or repeats a request: package devices does. There is no registry
// of protocols; package devices lists them.
package codec
