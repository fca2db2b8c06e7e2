package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the stories compare with anew")

// The scripts in testdata run the program as users type it.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("MINIRELAY_CONFIG", "")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each of a hundred processes would take a second longer to end
			return nil
		},
	})
}
