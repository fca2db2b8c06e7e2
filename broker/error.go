package broker

import "errors"

// hinted is an error with something to try.
type hinted struct {
	error
	try string
}

// Hint is what to try.
func (h hinted) Hint() string { return h.try }

func (h hinted) Unwrap() error { return h.error }

// hint adds to an error what to try.
func hint(err error, try string) error { return hinted{err, try} }

// hintOf is what an error says to try; "" if it says nothing.
func hintOf(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.try
	}
	return ""
}
