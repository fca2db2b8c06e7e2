package broker

import "errors"

// hinted is an error with a suggestion.
type hinted struct {
	error
	try string
}

// Hint is the suggestion how to fix it.
func (h hinted) Hint() string { return h.try }

func (h hinted) Unwrap() error { return h.error }

// hint adds a suggestion to an error.
func hint(err error, try string) error { return hinted{err, try} }

// hintOf is the suggestion of an error; "" if it has none.
func hintOf(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.try
	}
	return ""
}
