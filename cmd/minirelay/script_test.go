package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the stories compare with anew")

// The stories in testdata run the program as its users type it.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("MINIRELAY_CONFIG", "")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each of a hundred processes ends a second later
			return nil
		},
	})
}
