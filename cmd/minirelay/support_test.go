package main

import "testing"

// The variables in systemd's description of a unit may contain secrets.
func TestWithoutEnvironment(t *testing.T) {
	const told = "Type=notify\nEnvironment=HOME=/ \"PASSWORD=correct horse\"\nPassEnvironment=\nEnvironmentFiles=/etc/default/minirelay (ignore_errors=yes)\n"
	const want = "Type=notify\nEnvironment=(secret)\nPassEnvironment=\nEnvironmentFiles=/etc/default/minirelay (ignore_errors=yes)\n"
	if got := string(withoutEnvironment([]byte(told))); got != want {
		t.Errorf("got %q", got)
	}
}
