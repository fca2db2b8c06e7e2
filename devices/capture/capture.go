package capture

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// Header describes a recording as a whole; every part may be missing.
type Header struct {
	Port    string    // id of the port in the config
	Path    string    // device file of the port, or address of a serial server
	Line    string    // speed and format: 115200 8N1
	Started time.Time // the time at which At is 0
}

// Record is a piece of bytes that were read or written at once.
type Record struct {
	At   time.Duration // since the beginning; never less than in the record before
	Out  bool          // written to the line; false: read from it
	Data []byte        // never empty
}

// Text is b for people to read: each character that cannot be printed, such as a line end, and each byte that is not
// UTF-8 becomes a middle dot.
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
