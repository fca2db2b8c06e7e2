package upstream

import (
	"encoding/binary"
	"time"
)

// The kinds of payload of a segment record. The first byte is the kind.
const (
	kindMessage = 'm' // number, topic, payload
	kindCursor  = 'c' // the spans of numbers that have not been acknowledged, as of all records before it
	kindClock   = 'k' // which clock the messages after it were taken by
)

// maxSpans bounds a cursor. Two spans with a narrow gap between them are written as one: messages acknowledged in the
// gap would be sent twice after a crash.
const maxSpans = 256

// stored is a message as it is stored.
type stored struct {
	number  uint64 // grows by one with each message of a queue; larger after a restart than all before it
	topic   string // below the gateway's own: "greenhouse/state"
	payload []byte // as received from the relay
}

func (m *stored) append(b []byte) []byte {
	b = append(b, kindMessage)
	b = binary.AppendUvarint(b, m.number)
	b = binary.AppendUvarint(b, uint64(len(m.topic)))
	b = append(b, m.topic...)
	return append(b, m.payload...)
}

// readMessage reads the output of append, without the first byte. It copies nothing.
func readMessage(b []byte) (stored, error) {
	var m stored
	var err error
	if m.number, b, err = uvarint(b); err != nil {
		return m, err
	}
	n, b, err := uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return m, errRecord
	}
	m.topic, m.payload = string(b[:n]), b[n:]
	return m, nil
}

// epoch is a stretch of time in which the wall clock was not corrected.
type epoch struct {
	boot   string // which run of the machine; the boot clock starts again with each
	offset int64  // ms; the wall clock is the boot clock plus this
	sure   bool   // the clock is known to have been set by a time server
}

func (e epoch) append(b []byte) []byte {
	b = append(b, kindClock)
	b = binary.AppendUvarint(b, uint64(len(e.boot)))
	b = append(b, e.boot...)
	b = binary.AppendVarint(b, e.offset)
	if e.sure {
		return append(b, 1)
	}
	return append(b, 0)
}

func readEpoch(b []byte) (epoch, []byte, error) {
	var e epoch
	n, b, err := uvarint(b)
	if err != nil || n > uint64(len(b)) {
		return e, nil, errRecord
	}
	e.boot, b = string(b[:n]), b[n:]
	offset, size := binary.Varint(b)
	if size <= 0 || size >= len(b) {
		return e, nil, errRecord
	}
	e.offset, e.sure = offset, b[size] == 1
	return e, b[size+1:], nil
}

// cursor starts each file and is recorded from time to time: enough to continue without any older file except those
// that hold the messages themselves.
type cursor struct {
	next    uint64 // the number that the next message gets
	pending ranges
	epochs  []epoch // oldest first; the last one is the current
}

// maxEpochs is how many stretches of the clock are remembered.
const maxEpochs = 16

func (c *cursor) append(b []byte) []byte {
	b = append(b, kindCursor)
	b = binary.AppendUvarint(b, c.next)
	b = c.pending.within(maxSpans).append(b)
	b = binary.AppendUvarint(b, uint64(len(c.epochs)))
	for _, e := range c.epochs {
		b = e.append(b)
	}
	return b
}

func readCursor(b []byte) (cursor, error) {
	var c cursor
	var err error
	if c.next, b, err = uvarint(b); err != nil {
		return c, err
	}
	if c.pending, b, err = readRanges(b); err != nil {
		return c, err
	}
	n, b, err := uvarint(b)
	if err != nil || n > maxEpochs {
		return c, errRecord
	}
	for range n {
		if len(b) == 0 {
			return c, errRecord
		}
		var e epoch
		if e, b, err = readEpoch(b[1:]); err != nil {
			return c, err
		}
		c.epochs = append(c.epochs, e)
	}
	return c, nil
}

// firstNumber is the number with which a queue begins at a start. It must be larger than every number used before,
// including those that a power cut has taken from the disk after they were sent: a consumer drops numbers that it has
// seen. The wall clock in microseconds grows faster than any queue; without one, a wide margin is added. It stays below
// 2^53, so that JSON carries it exactly.
func firstNumber(last uint64, now time.Time) uint64 {
	const margin = 10_000_000
	if plausible(now) {
		return max(last+1, uint64(now.UnixMicro()))
	}
	return last + margin
}
