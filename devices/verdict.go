package devices

// verdict is what a line means to a command.
type verdict uint8

const (
	noAnswer verdict = iota
	foreign          // an answer, but to a command with another number or value
	fits
)
