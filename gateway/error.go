package gateway

import (
	"errors"
	"strings"
)

// userError is what went wrong and what to try, for people: lower case, without a full stop.
type userError struct{ what, try string }

func (e userError) Error() string { return e.what }

// Hint is what to try.
func (e userError) Hint() string { return e.try }

// Describe puts err into the two lines that people see. What to try is what the error hints at.
func Describe(err error) (what, try string) {
	what = err.Error()
	try = "minirelay check looks for faults in the config; minirelay help lists the commands"
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		try = hinted.Hint()
	}
	return strings.ReplaceAll(what, "\n", "; "), try
}
