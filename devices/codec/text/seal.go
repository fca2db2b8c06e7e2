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

// lineSeal is the checksum behind a line of text, as far as the mapping asks for one. Codecs of lines embed it.
type lineSeal struct{ sum checksum.Line }

func newLineSeal(c mapping.DeviceConfig) lineSeal {
	sum, _ := checksum.Of(c.Checksum)
	return lineSeal{sum}
}

// Unseal takes the checksum off a line.
func (s lineSeal) Unseal(line []byte) (text []byte, ok bool) { return s.sum.Strip(line) }

// Sealed says whether lines carry a checksum.
func (s lineSeal) Sealed() bool { return !s.sum.None() }

// Seal puts the checksum in front of the line end.
func (s lineSeal) Seal(line []byte) []byte { return s.sum.Seal(line, 0) }
