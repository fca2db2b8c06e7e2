package text

import (
	"bytes"
	"io"

	"minirelay/devices/codec"
	"minirelay/devices/wire"
)

// NewObjectFramer returns a framer of the lines of r in which an object of JSON also ends by its last brace: boards print
// objects without a line end, several in one line, or one over several lines. tap receives the bytes and what it drops.
func NewObjectFramer(r io.Reader, tap *wire.Tap) *LineFramer {
	f := NewLineFramer(r, tap)
	f.objects = true
	return f
}

// found is what the unread bytes begin with.
type found uint8

const (
	objectNone found = iota // a line, as far as can be seen
	objectOpen              // an object whose end has not come yet
	objectWhole
)

// object cuts an object from the unread bytes.
func (f *LineFramer) object(limit int) (codec.Frame, found) {
	for f.start < f.end && isSpace(f.buf[f.start]) {
		f.whole = f.whole || f.buf[f.start] == '\n' || f.buf[f.start] == '\r'
		f.start++
	}
	f.seen = max(f.seen, f.start)
	b := f.buf[f.start:f.end]
	at := 0
	if len(b) > 0 && b[0] != '{' && b[0] != '[' {
		// The rest of an object: behind it the next one begins. Where lines have ends, it is a line.
		if at = bytes.IndexByte(b, '{'); at < 0 || f.ended || lineEnd(b) >= 0 {
			return codec.Frame{}, objectNone
		}
	}
	if len(b) == 0 {
		return codec.Frame{}, objectNone
	}
	end := objectEnd(b[at:])
	if end == 0 {
		f.seen = f.start // what was kept because it might become an object may have several lines
	}
	switch {
	case end == 0 && f.perLine && lineEnd(b) >= 0:
		return codec.Frame{}, objectNone // half of a line
	case end == 0 && len(b) <= limit && f.mayGoOn(b[at:]):
		return codec.Frame{}, objectOpen
	case end == 0 && lineEnd(b) < 0 && !f.ended: // it cannot become an object: the next one begins at its next brace
		if next := bytes.IndexByte(b[at+1:], '{'); next >= 0 {
			f.tap.Drop(&f.tap.Noise, b[:at+1+next], "it is not a JSON object")
			f.start += at + 1 + next
			f.seen, f.whole = f.start, true
			return f.object(limit)
		}
		return codec.Frame{}, objectNone
	case end == 0 || end > limit:
		return codec.Frame{}, objectNone
	}
	frame := codec.Frame{Bytes: b[at : at+end], At: f.at, Whole: f.whole && at == 0, Line: true}
	f.start += at + end
	f.seen, f.whole = f.start, true
	f.perLine = f.start < f.end && lineEnd(f.buf[f.start:f.start+1]) == 0 && lineEnd(frame.Bytes) < 0
	return frame, objectWhole
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// objectEnd returns the length of the object or array at the beginning of b; 0: its end is not in b.
func objectEnd(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
			if c == '\n' || c == '\r' {
				return 0
			}
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// mayGoOn reports whether b, which is not a whole object, can become one with more bytes.
func (f *LineFramer) mayGoOn(b []byte) bool {
	var s scanner
	s.reset(b)
	_, ok := s.value(0)
	return !ok && s.i >= len(b)
}
