package serial

import (
	"io"
	"time"
)

// punctual is a stream whose writes can be given up at a certain time.
type Punctual interface {
	// WriteBy is a Write of which no byte is handed on after by.
	WriteBy(b []byte, by time.Time) (int, error)
}

// writeBy writes b to w, of which no byte may be handed on after by, as far as w can keep to it.
func WriteBy(w io.Writer, b []byte, by time.Time) (int, error) {
	if p, ok := w.(Punctual); ok {
		return p.WriteBy(b, by)
	}
	return w.Write(b)
}

// soon is when a write that begins now has taken too long, whatever is written.
func Soon() time.Time { return time.Now().Add(writeTime) }
