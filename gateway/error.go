package gateway

import (
	"errors"
	"strings"
)

// userError is an error and a suggestion for people: lower case, without a full stop.
type userError struct{ what, try string }

func (e userError) Error() string { return e.what }

// Hint returns the suggestion.
func (e userError) Hint() string { return e.try }

// Describe returns the two lines that users see for err. The second line is the error's hint.
func Describe(err error) (what, try string) {
	what = err.Error()
	try = "minirelay check looks for faults in the config; minirelay help lists the commands"
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		try = hinted.Hint()
	}
	return strings.ReplaceAll(what, "\n", "; "), try
}
