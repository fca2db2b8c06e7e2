package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the program, for the stories that run it.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"minirelay": main})
}

// tests are all tests of the package, and the end of what they share.
type tests struct{ *testing.M }

// Run runs them. Nothing of theirs is left on the disk.
func (t tests) Run() int {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		os.Unsetenv(name) // the tests read English
	}
	defer func() { os.RemoveAll(binaryDir) }()
	return t.M.Run()
}
