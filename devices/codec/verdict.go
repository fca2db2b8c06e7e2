package codec

import (
	"strings"
	"unicode"
)

// Verdict is what received bytes mean to a command or a query.
type Verdict uint8

// NoAnswer, Foreign and Fits are the verdicts of a [Pattern]; all but Foreign are those of [Query].Answer.
const (
	NoAnswer  Verdict = iota // no answer yet: more must come
	Foreign                  // an answer, but to a command with another number or value; for a query: the request of another master
	Fits                     // the answer
	Refused                  // the device refuses
	Unreached                // a gateway on the way reports that the device does not answer
	Garbled                  // the bytes can never become the answer
)

// MaxMessage is the longest message of a device that is shown to a person, in characters.
const MaxMessage = 120

// ForPeople makes text from a device safe to show: without control or invisible characters, at most [MaxMessage] long.
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
