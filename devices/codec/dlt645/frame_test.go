package dlt645

import (
	"testing"
)

// What the standard calls an error is told in words.
func TestMeterRefusal(t *testing.T) {
	for code, want := range map[byte]string{0: "the meter refuses and gives no reason", 2: "the meter reports: it has no such data",
		6: "the meter reports: it has no such data, the password is wrong or it is not allowed"} {
		if got := refusal([]byte{code}); got != want {
			t.Errorf("%d: %q", code, got)
		}
	}
}

// The law of the meter's frames: whatever comes before one, it is found; and none is found that was not there.
func FuzzMeterFrames(f *testing.F) {
	f.Add([]byte{0xFE, 0xFE, 0x68, 1, 2}, []byte{0x33}, byte(0x91))
	f.Add([]byte{0x68, 0, 0, 0, 0, 0, 0, 0x68, 0x91, 0xFF}, []byte{}, byte(0xD1))
	f.Fuzz(func(t *testing.T, noise, data []byte, control byte) {
		if len(data) > 200 || len(noise) > 2000 {
			t.Skip("no frame is so long")
		}
		a, _ := parseAddress("123456789012")
		wire := appendFrame(append([]byte{}, noise...), a, control, data)
		for rest := wire; ; {
			got, after, ok, _ := nextFrame(rest)
			if !ok {
				t.Fatalf("not found in % X", wire)
			}
			if len(after) == 0 {
				if from := len(wire) - len(data) - overhead; from >= 0 && string(got.address[:]) == string(a[:]) && (got.control != control || string(got.data) != string(data)) {
					t.Fatalf("% X became %X", wire, got.data)
				}
				return
			}
			rest = after
		}
	})
}
