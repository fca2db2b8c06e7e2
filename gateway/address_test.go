package gateway

import (
	"net"
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

// A machine without a route to the internet has an address that phones can reach all the same.
func TestFirstAddress(t *testing.T) {
	addr := func(s string) net.Addr {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		return &net.IPNet{IP: ip, Mask: n.Mask}
	}
	usual := []net.Addr{addr("127.0.0.1/8"), addr("::1/128"), addr("fe80::1/64"), addr("169.254.3.4/16"), addr("fd00::1/64")}
	if ip := firstOf(usual); ip != nil {
		t.Error(ip)
	}
	if ip := firstOf(append(usual, addr("10.42.0.1/24"), addr("172.17.0.1/16"))); ip.String() != "10.42.0.1" {
		t.Error(ip)
	}
}
