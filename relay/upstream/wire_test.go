package upstream

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// scripted is a broker that sends a given script.
type scripted struct {
	net.Conn
	io.Reader
}

func (s scripted) Read(b []byte) (int, error)       { return s.Reader.Read(b) }
func (s scripted) SetReadDeadline(time.Time) error  { return nil }
func (s scripted) SetWriteDeadline(time.Time) error { return nil }

const (
	accepted = "\x20\x02\x00\x00"
	message  = "\x32\x0a\x00\x03a/b\x00\x01{}x"
)

// Whole packets that a broker may send pass unchanged, however they arrive; nothing else does.
func TestWire(t *testing.T) {
	long := "\x30\xff\xff\xff\x7f" // announces 256 MB
	for name, c := range map[string]struct{ sent, through, fault string }{
		"a sound conversation":                 {accepted + "\x90\x04\x00\x01\x01\x01" + message + "\x40\x02\x00\x01\xd0\x00", "all", "EOF"},
		"a message before the CONNACK":         {message, "", "first"},
		"a CONNACK twice":                      {accepted + accepted, accepted, "cannot be"},
		"a packet of 256 MB":                   {accepted + long, accepted, "268435455 bytes"},
		"a length without end":                 {accepted + "\x30\xff\xff\xff\xff\x01", accepted, "length"},
		"more acknowledged than asked for":     {accepted + "\x90\x05\x00\x01\x01\x01\x01", accepted, "cannot be"},
		"a SUBACK twice":                       {accepted + "\x90\x04\x00\x01\x01\x01\x90\x04\x00\x01\x01\x01", accepted + "\x90\x04\x00\x01\x01\x01", "cannot be"},
		"less acknowledged than asked for":     {accepted + "\x90\x03\x00\x01\x01", accepted, "cannot be"},
		"a topic that is longer than its body": {accepted + "\x30\x04\xff\xff{}", accepted, "cannot be"},
		"a message without a topic":            {accepted + "\x30\x02\x00\x00", accepted, "cannot be"},
		"a message at QoS 2":                   {accepted + "\x34\x08\x00\x03a/b\x00\x01x", accepted, "QoS"},
		"a message that ends in its id":        {accepted + "\x32\x06\x00\x03a/b\x00", accepted, "cannot be"},
		"what only clients send":               {accepted + "\x82\x02\x00\x01", accepted, "cannot be"},
		"half a packet":                        {accepted + message[:7], accepted, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.through == "all" {
				c.through = c.sent
			}
			for how, r := range map[string]io.Reader{"whole": strings.NewReader(c.sent), "byte by byte": iotest.OneByteReader(strings.NewReader(c.sent)),
				"halves": iotest.HalfReader(strings.NewReader(c.sent)), "with its end": iotest.DataErrReader(strings.NewReader(c.sent))} {
				w := newWire(scripted{Reader: r}, time.Second, time.Second, 2)
				var through bytes.Buffer
				_, err := through.ReadFrom(w)
				if err == nil {
					err = io.EOF
				}
				if through.String() != c.through || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("%s: %q came through, %v", how, through.String(), err)
				}
				var rogue rogueError
				if c.fault != "EOF" && c.fault != "unexpected EOF" && !errors.As(err, &rogue) {
					t.Errorf("%s: %v does not say that the broker is to blame", how, err)
				}
			}
		})
	}
}

// A broker that never stops is disconnected, whether it sends many messages or long ones.
func TestFlood(t *testing.T) {
	long := "\x30\x80\x80\x08\x00\x03a/b" + strings.Repeat("x", 128<<10-5)
	for name, c := range map[string]struct {
		sent string
		most int
	}{"many": {message, 2 * floodRow}, "long": {long, 2 * floodRow / 512}} {
		w := newWire(scripted{Reader: strings.NewReader(accepted + strings.Repeat(c.sent, c.most))}, time.Second, time.Second, 2)
		n, err := io.Copy(io.Discard, w)
		var rogue rogueError
		if !errors.As(err, &rogue) || n >= int64(len(c.sent)*c.most) || n < int64(len(c.sent)*c.most/4) {
			t.Errorf("%s: %d messages came through, %v", name, int(n)/len(c.sent), err)
		}
	}
}

// Whatever a broker sends, nothing panics and nothing longer than allowed is kept.
func FuzzWire(f *testing.F) {
	f.Add([]byte(accepted + message))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := newWire(scripted{Reader: bytes.NewReader(b)}, time.Second, time.Second, 2)
		var through bytes.Buffer
		_, _ = through.ReadFrom(w)
		if !bytes.HasPrefix(b, through.Bytes()) {
			t.Errorf("%q became %q", b, through.Bytes())
		}
	})
}
