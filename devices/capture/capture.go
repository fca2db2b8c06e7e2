package capture

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// Header is what is known about a recording as a whole; every part may be missing.
type Header struct {
	Port    string    // id of the port in the config
	Path    string    // of the port
	Line    string    // how it was set: 115200 8N1
	Started time.Time // when At is 0
}

// Record is what was read or written at once.
type Record struct {
	At   time.Duration // since the beginning; never less than that of the record before
	Out  bool          // written to the line, and not read from it
	Data []byte        // never empty
}

// Text gives b as people can read it: what cannot be printed is a dot in the middle of the line. Every byte of
// UTF-8 that is none is one, and so is the line end.
func Text(b []byte) string {
	out := make([]byte, 0, len(b)+8)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			out = append(out, "·"...)
		} else {
			out = append(out, b[:size]...)
		}
		b = b[size:]
	}
	return string(out)
}
