package devices

import (
	"time"

	"minirelay/devices/answers"
	"minirelay/devices/codec"
	"minirelay/relay"
)

// toCommand returns a command to a device that talks by itself as a question; value is the value as written, "": any.
func toCommand(t *relay.Task, c *codec.Command, value string) answers.Question {
	q := answers.Question{Asked: t, Fits: func(text []byte) bool { return mayAnswer(c, text, value) }}
	if !c.Numbered() {
		q.Looks[0] = "an answer without a number"
	}
	return q
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
