package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the program, for the stories that run it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"minirelay": main})
}
