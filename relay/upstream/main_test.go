package upstream

import (
	"os"
	"testing"
)

// helpers are what this test binary can also be: `test-binary NAME`.
var helpers = map[string]func(){}

func TestMain(m *testing.M) {
	if help := helpers[os.Getenv("MINIRELAY_HELPER")]; help != nil {
		help()
		return
	}
	os.Exit(m.Run())
}
