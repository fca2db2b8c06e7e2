package text

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"minirelay/devices/checksum"
	"minirelay/devices/mapping"
)

// LinesFraming is the framing of devices whose lines can be distinguished from those of other devices.
const LinesFraming = "lines"

// LinesOf returns [LinesFraming], for protocols that take no line of another device.
func LinesOf(mapping.DeviceConfig) string { return LinesFraming }

// MatchedLines returns [LinesFraming] if the device has a match, for protocols whose lines only match distinguishes;
// otherwise "": the device cannot share its port.
func MatchedLines(c mapping.DeviceConfig) string {
	if len(c.Match) == 0 {
		return ""
	}
	return LinesFraming
}

// lineSum is the checksum at the end of a line, if the mapping has one. Decoders of lines embed it.
type lineSum struct {
	sum    checksum.Line
	decode *encoding.Decoder // nil: lines are UTF-8, or their bytes above 7F are passed over
}

func newLineSum(c mapping.DeviceConfig) lineSum {
	sum, _ := checksum.Of(c.Checksum)
	s := lineSum{sum: sum}
	switch c.Encoding {
	case "gbk":
		s.decode = simplifiedchinese.GB18030.NewDecoder()
	case "latin1":
		s.decode = charmap.ISO8859_1.NewDecoder()
	}
	return s
}

// CheckSum verifies and removes the checksum of a line, and makes the rest UTF-8.
func (s lineSum) CheckSum(line []byte) (text []byte, ok bool) {
	text, ok = s.sum.Strip(line)
	if s.decode == nil || !ok {
		return text, ok
	}
	decoded, err := s.decode.Bytes(text)
	if err != nil {
		return text, true // what cannot be read is told by the decoder of the line
	}
	return decoded, true
}

// HasSum says whether lines carry a checksum.
func (s lineSum) HasSum() bool { return !s.sum.None() }

// AddSum inserts the checksum before the line end.
func (s lineSum) AddSum(line []byte) []byte { return s.sum.AddSum(line, 0) }
