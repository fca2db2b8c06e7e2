package gateway

import (
	"strings"
	"testing"

	"minirelay/broker"
)

func TestPhoneUser(t *testing.T) {
	users := []broker.UserConfig{{ID: "farm", Role: "gateway"}, {ID: "boss", Role: "admin"}, {ID: "phone", Role: "operator"}}
	if got := phoneUser(users); got != "phone" {
		t.Error(got)
	}
	if got := phoneUser(users[:2]); got != "boss" {
		t.Error(got)
	}
	if got := phoneUser(nil); got != "" {
		t.Error(got)
	}
}

// A wildcard is not an address to scan: the machine's own address replaces it.
func TestReachableHost(t *testing.T) {
	for _, host := range []string{"", "0.0.0.0", "::"} {
		if got := reachableHost(host); got == "" || got == host {
			t.Errorf("%q became %q", host, got)
		}
	}
	if got := reachable("[::]:8443"); strings.Contains(got, "::") || !strings.HasSuffix(got, ":8443") {
		t.Error(got)
	}
	if got := reachableHost("192.168.1.10"); got != "192.168.1.10" {
		t.Error(got)
	}
}
