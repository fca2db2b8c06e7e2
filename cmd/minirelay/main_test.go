package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary act as the program, for the test scripts that run it.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"minirelay": main})
}

// tests runs all tests of the package and cleans up their shared files.
type tests struct{ *testing.M }

// Run runs the tests. They leave no files behind.
func (t tests) Run() int {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		os.Unsetenv(name) // the tests expect English
	}
	defer func() { os.RemoveAll(binaryDir) }()
	return t.M.Run()
}
