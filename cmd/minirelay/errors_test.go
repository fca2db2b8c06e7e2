package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"minirelay/devices/serial"
)

// Every error is described in two lines and a status.
func TestDescribe(t *testing.T) {
	for _, row := range []struct {
		err       error
		what, try string
		status    int
	}{
		{userError{"it is broken", "mend it"}, "it is broken", "mend it", 1},
		{fmt.Errorf("start: %w", userError{"it is broken", "mend it"}), "start: it is broken", "mend it", 1},
		{usageError{"no such flag", "read the help"}, "no such flag", "read the help", 2},
		{&serial.Error{What: "no permission", Try: "join dialout"}, "no permission", "join dialout", 1},
		{errors.New("listen: :1 is in use; choose another: bind"), "listen: :1 is in use; choose another: bind", "minirelay check", 1},
		{errors.Join(errors.New("one; two"), errors.New("three")), "one; two; three", "minirelay check", 1},
		{errors.New("plain"), "plain", "minirelay check", 1},
	} {
		what, try, status := describe(row.err)
		if !strings.HasPrefix(what, row.what) || !strings.HasPrefix(try, row.try) || status != row.status {
			t.Errorf("%v: %q, %q, %d", row.err, what, try, status)
		}
	}
}
