package codec

import (
	"strings"
	"unicode"
)

// Verdict is what a line means to a command.
type Verdict uint8

const (
	NoAnswer Verdict = iota
	Foreign          // an answer, but to a command with another number or value
	Fits
)

// MaxMessage bounds what a board may say on a phone's screen, in characters.
const MaxMessage = 120

// ForPeople makes what a board sent fit to be shown: no control or invisible characters, bounded.
func ForPeople(s string) string {
	var out []rune
	for _, r := range strings.TrimSpace(s) {
		if len(out) == MaxMessage {
			return string(out) + "…"
		}
		if unicode.IsPrint(r) {
			out = append(out, r)
		}
	}
	return string(out)
}
