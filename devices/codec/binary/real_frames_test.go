package binary

import (
	"testing"

	"minirelay/devices/checksum"
	. "minirelay/devices/devicestest"
)

// Checksums of real devices, over their real frames.
func TestSumsOfRealFrames(t *testing.T) {
	for name, tt := range map[string]struct{ sum, covers, want string }{
		// JBD (Xiaoxiang) BMS protocol V4: the request and an answer to 03.
		"JBD request": {"sum16-negated", "03 00", "FF FD"},
		"JBD answer":  {"sum16-negated", "00 1B 17 00 00 00 02 D0 03 E8 00 00 20 78 00 00 00 00 00 00 10 48 03 0F 02 0B 76 0B 82", "FB FF"},
		// Axpert: QPIGS, and an answer whose CRC would contain a line end.
		"Axpert request": {"crc16-axpert", "'QPIGS'", "B7 A9"},
		"Axpert answer": {"crc16-axpert", "'(201.4 49.9 230.0 49.9 0805 0751 020 448 29.00 000 100 0037 02.3 271.1 00.00 00007 00010000 00 00 00647 011 0 00 0000'",
			"0B 5A"},
	} {
		s, ok := checksum.SumOf(tt.sum)
		if !ok {
			t.Fatalf("there is no %s", tt.sum)
		}
		b := s.Append(Unhex(t, tt.covers), 0, s.Little)
		if got := HexOf(b[len(b)-2:]); got != tt.want {
			t.Errorf("%s: %s instead of %s", name, got, tt.want)
		}
	}
}

// The frames of HDLC, as RFC 1662 and the manual of Sensirion's SPS30 stuff them.
func TestHDLC(t *testing.T) {
	s := stuffingOf("hdlc")
	for wire, frame := range map[string]string{
		"7E 00 03 00 FC 7E":                "00 03 00 FC",
		"7E 00 7D 5E 7D 5D 7D 31 7D 33 7E": "00 7E 7D 11 13",
	} {
		if got := HexOf(s.wrap(Unhex(t, frame))); got != wire {
			t.Errorf("%s is stuffed as %s", frame, got)
		}
		w := Unhex(t, wire)
		if got, ok := s.unwrap(nil, w[1:len(w)-1]); !ok || HexOf(got) != frame {
			t.Errorf("%s holds %s", wire, HexOf(got))
		}
	}
	if _, ok := s.unwrap(nil, []byte{0, 0x7D}); ok {
		t.Error("an aborted frame is one")
	}
}
