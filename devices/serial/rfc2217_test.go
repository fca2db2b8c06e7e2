package serial

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// serialServer is a server that sends these bytes after the first request, and then repeats everything.
func serialServer(t *testing.T, answer string) Config {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := c.Read(make([]byte, 512)); err != nil {
			return
		}
		_, _ = io.WriteString(c, answer)
		_, _ = io.Copy(c, c)
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	c := Default()
	c.Path = "rfc2217://" + listener.Addr().String()
	return c
}

// The confirmations of a server at 9600 8N1.
const confirmed = "\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0" + "\xff\xfa\x2c\x66\x08\xff\xf0" + "\xff\xfa\x2c\x67\x01\xff\xf0" + "\xff\xfa\x2c\x68\x01\xff\xf0"

// A server that has set up its line passes bytes, 255 doubled; one that has not cannot be used, with the reason.
func TestRFC2217(t *testing.T) {
	c := serialServer(t, "\xff\xfd\x2c"+"old bytes"+confirmed)
	port, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	const sent = "\xff new \xff\xff bytes\xff"
	if n, err := port.Write([]byte(sent)); err != nil || n != len(sent) {
		t.Errorf("%d %v", n, err)
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(port, got); err != nil || string(got) != sent {
		t.Errorf("%q %v", got, err)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	for answer, want := range map[string]string{
		"\xff\xfe\x2c": "it does not support RFC 2217",
		strings.Replace(confirmed, "\x25\x80", "\x12\xc0", 1): "it cannot set up the speed as wanted",
		strings.Replace(confirmed, "\x67\x01", "\x67\x02", 1): "it cannot set up the parity as wanted",
	} {
		_, err := Open(serialServer(t, answer))
		var e *Error
		if !errors.As(err, &e) || !strings.HasSuffix(e.What, want) || !strings.Contains(e.Try, "tcp://") {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

// The bytes for a server are those of RFC 2217, to the letter.
func TestRFC2217Settings(t *testing.T) {
	c := Config{Baud: 0xFF01, DataBits: 7, Parity: "even", StopBits: 2}
	s := comSettings(c)
	if got := appendComPort(nil, comBaud, s[comBaud]); string(got) != "\xff\xfa\x2c\x01\x00\x00\xff\xff\x01\xff\xf0" {
		t.Errorf("% x", got)
	}
	if s[comDataBits][0] != 7 || s[comParity][0] != 3 || s[comStopBits][0] != 2 {
		t.Errorf("%v", s)
	}
}

// FuzzTelnet: bytes that are doubled on one side are the same on the other, whatever commands are among them, and however
// they arrive.
func FuzzTelnet(f *testing.F) {
	f.Add([]byte("a\xff\xffb"), byte(253), byte(44), []byte{1, 255, 0})
	f.Fuzz(func(t *testing.T, data []byte, verb, option byte, sub []byte) {
		verb = telnetWill + verb%4
		if len(sub) > maxSub-1 {
			sub = sub[:maxSub-1]
		}
		half := len(data) / 2
		wire := escapeTelnet(data[:half])
		wire = append(slices.Clone(wire), telnetIAC, verb, option, telnetIAC, telnetSB, option)
		wire = append(append(wire, escapeTelnet(sub)...), telnetIAC, telnetSE)
		wire = append(wire, escapeTelnet(data[half:])...)
		if option == telnetIAC {
			return // no option has this number
		}
		for _, r := range []io.Reader{bytes.NewReader(wire), iotest.OneByteReader(bytes.NewReader(wire)), iotest.HalfReader(bytes.NewReader(wire))} {
			var s telnetScanner
			var got []byte
			var told []telnetCommand
			b := make([]byte, 64)
			for {
				n, err := r.Read(b)
				d, c := s.take(b[:n])
				got, told = append(got, d...), append(told, c...)
				if err != nil {
					break
				}
			}
			if !bytes.Equal(got, data) || len(told) != 2 || told[0].verb != verb || told[0].option != option || !bytes.Equal(told[1].value, sub) {
				t.Fatalf("% x became % x and %v", wire, got, told)
			}
		}
	})
}
