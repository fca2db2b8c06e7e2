package detect

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Sense is how much sense bytes make, and the form in which they do.
type Sense struct {
	Value  float64 // 0: none; 1: no doubt; see [Doubtful]
	What   string  // for people: "lines of JSON", "frames of 9 bytes that begin with ff 86"
	Text   *Text   // nil: no lines of text
	Frames *Frames // nil: no frames that repeat

	likeText float64 // how much of it would be text with another parity
}

// hope is how much sense another format might make at the same speed.
func (s Sense) hope() float64 { return max(s.Value, 0.9*s.likeText) }

// Judge rates bytes that were heard on a line. pieces are the same bytes, cut at silences.
func Judge(data []byte, pieces [][]byte) Sense {
	if len(data) == 0 {
		return Sense{What: "silence"}
	}
	text := judgeText(data)
	frames := judgeFrames(data, pieces)
	if frames.Value > text.Value {
		frames.likeText = likeText(data)
		return frames
	}
	text.likeText = likeText(data)
	return text
}

// likeText is the share of printable characters among those that are whole, without their eighth bit: of text with a
// parity bit half of the characters break, or have that bit set.
func likeText(data []byte) float64 {
	whole, good := 0, 0
	for _, b := range data {
		if b == 0 {
			continue
		}
		whole++
		if b &= 0x7f; b >= ' ' && b < 0x7f || b == '\n' || b == '\r' {
			good++
		}
	}
	if whole*4 < len(data) {
		return 0
	}
	return float64(good) / float64(whole)
}

// judgeText looks for lines of text. Bytes at random are printable in two of five cases; at a wrong speed they are 00,
// ff and what has few changes in it.
func judgeText(data []byte) Sense {
	good := 0
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r != utf8.RuneError && (unicode.IsPrint(r) || r == '\n' || r == '\r' || r == '\t') {
			good += size
		}
		rest = rest[size:]
	}
	share := float64(good) / float64(len(data))
	s := Sense{Value: share * share * 0.6, What: "bytes that make no sense"}
	lines := wholeLines(data)
	if len(lines) == 0 || share < 0.85 {
		s.Value = share * share * 0.4 // without a line end it is hardly text
		return s
	}
	// The more lines, the less is it chance; the first bytes after setting up may be broken.
	s.Value = share * share * (0.95 - 0.2/float64(len(lines)))
	s.What = "lines of text"
	s.Text = readLines(lines)
	if s.Text.Kind != "" {
		s.Value = share * share * (1 - 0.05/float64(len(lines)))
		s.What = s.Text.Kind
		if share == 1 && len(lines) > 1 {
			s.Value = 1
		}
	}
	return s
}

// wholeLines gives the lines between two line ends, without empty ones.
func wholeLines(data []byte) (lines [][]byte) {
	parts := bytes.FieldsFunc(data, func(r rune) bool { return r == '\n' || r == '\r' })
	ended := len(data) > 0 && (data[len(data)-1] == '\n' || data[len(data)-1] == '\r')
	for i, p := range parts {
		first, last := i == 0, i == len(parts)-1
		if first && len(parts) > 1 || last && !ended {
			continue // may be half a line
		}
		if len(bytes.TrimSpace(p)) > 0 {
			lines = append(lines, p)
		}
	}
	return lines
}
