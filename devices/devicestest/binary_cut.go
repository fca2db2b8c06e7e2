package devicestest

import (
	"testing"

	"minirelay/devices/codec"
)

func Unhex(t *testing.T, s string) []byte {
	t.Helper()
	m, err := codec.ParseBytes(s, false)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m.Bytes
}
