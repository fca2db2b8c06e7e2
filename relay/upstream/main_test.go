package upstream

import (
	"os"
	"testing"
)

// helpers are the other programs that this test binary can be: `test-binary NAME`.
var helpers = map[string]func(){}

func TestMain(m *testing.M) {
	if help := helpers[os.Getenv("MINIRELAY_HELPER")]; help != nil {
		help()
		return
	}
	os.Exit(m.Run())
}
