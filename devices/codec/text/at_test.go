package text

import (
	"fmt"
	"strings"
	"testing"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// The law: whatever comes unasked in front of it, an answer is found, and nothing else is taken for it before.
func FuzzAnswerBehindNoise(f *testing.F) {
	f.Add("RING\r\n\r\n+CREG: 1\r\n", uint8(17))
	f.Add("AT+CSQ\r", uint8(0))
	f.Add("\x00\xff+CSQ: ,\r\nO", uint8(31))
	f.Fuzz(func(t *testing.T, noise string, signal uint8) {
		for line := range strings.FieldsFuncSeq(noise, func(r rune) bool { return r == '\r' || r == '\n' }) {
			if line = strings.TrimSpace(line); line == "OK" || line == "ERROR" || strings.HasPrefix(line, "+CM") || strings.HasPrefix(line, "+CSQ: ") {
				t.Skip()
			}
		}
		a := NewAT(Modem(), new(wire.Tap))
		q := a.Queries()[0]
		answer := fmt.Sprintf("\r\n+CSQ: %d,99\r\n\r\nOK\r\n", signal)
		if _, v := q.Answer([]byte(noise), false); v != codec.NoAnswer {
			t.Fatalf("%q was taken for an answer", noise)
		}
		r, v := q.Answer([]byte(noise+answer), false)
		if v != codec.Fits || r.Readings[0].Value != relay.NumberValue(float64(signal)) {
			t.Errorf("%q: %v %v", noise, v, r.Readings)
		}
	})
}
