package codec

// Verdict is what a line means to a command.
type Verdict uint8

const (
	NoAnswer Verdict = iota
	Foreign          // an answer, but to a command with another number or value
	Fits
)
