package text

import (
	"minirelay/devices/checksum"
	"minirelay/devices/mapping"
)

// LinesFraming is the framing of devices whose lines can be told from those of others.
const LinesFraming = "lines"

// MatchedLines is the framing of codecs whose lines only match tells apart.
func MatchedLines(c mapping.DeviceConfig) string {
	if len(c.Match) == 0 {
		return ""
	}
	return LinesFraming
}

// lineSum is the checksum behind a line of text, as far as the mapping asks for one. Codecs of lines embed it.
type lineSum struct{ sum checksum.Line }

func newLineSum(c mapping.DeviceConfig) lineSum {
	sum, _ := checksum.Of(c.Checksum)
	return lineSum{sum}
}

// CheckSum takes the checksum off a line.
func (s lineSum) CheckSum(line []byte) (text []byte, ok bool) { return s.sum.Strip(line) }

// HasSum says whether lines carry a checksum.
func (s lineSum) HasSum() bool { return !s.sum.None() }

// AddSum puts the checksum in front of the line end.
func (s lineSum) AddSum(line []byte) []byte { return s.sum.AddSum(line, 0) }
