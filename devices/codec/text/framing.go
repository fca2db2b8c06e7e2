package text

import (
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
type lineSum struct{ sum checksum.Line }

func newLineSum(c mapping.DeviceConfig) lineSum {
	sum, _ := checksum.Of(c.Checksum)
	return lineSum{sum}
}

// CheckSum verifies and removes the checksum of a line.
func (s lineSum) CheckSum(line []byte) (text []byte, ok bool) { return s.sum.Strip(line) }

// HasSum says whether lines carry a checksum.
func (s lineSum) HasSum() bool { return !s.sum.None() }

// AddSum inserts the checksum before the line end.
func (s lineSum) AddSum(line []byte) []byte { return s.sum.AddSum(line, 0) }
