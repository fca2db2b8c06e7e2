package broker

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// place is where a login or a request comes from. Its host is the unit of throttling.
type place struct {
	host   string // see hostOf
	remote string // the address for the log
	near   bool   // a subnet of this machine, and not through a proxy that hides the client
}

// hostOf is the address without its port; for IPv6 the /64, since a host has all of it.
func hostOf(addr net.Addr) string {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return addr.String()
	}
	return hostOfIP(ap.Addr())
}

// hostOfIP is hostOf for an address without a port.
func hostOfIP(ip netip.Addr) string {
	ip = ip.Unmap()
	if ip.Is6() && !ip.IsLoopback() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.WithZone("").String()
}

// placeOf is the place of a connection.
func (b *Broker) placeOf(addr net.Addr) place {
	p := place{host: hostOf(addr), remote: addr.String()}
	if ap, err := netip.ParseAddrPort(p.remote); err == nil {
		p.near = b.neighbours.has(ap.Addr()) && !b.front.Load().trusts(ap.Addr())
	}
	return p
}

// placeOfRequest is the place of a request: the address that X-Forwarded-For names if a trusted proxy passed it on.
func (b *Broker) placeOfRequest(r *http.Request) place {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return place{host: r.RemoteAddr, remote: r.RemoteAddr}
	}
	front := b.front.Load()
	if front.trusts(peer.Addr()) {
		if ip, ok := front.forwardedFor(r.Header.Values("X-Forwarded-For")); ok {
			return place{host: hostOfIP(ip), remote: ip.String(), near: b.neighbours.has(ip)}
		}
		return place{host: hostOfIP(peer.Addr()), remote: r.RemoteAddr}
	}
	return place{host: hostOfIP(peer.Addr()), remote: r.RemoteAddr, near: !passedOn(r) && b.neighbours.has(peer.Addr())}
}

// passedOn reports whether a proxy has put its mark on a request.
func passedOn(r *http.Request) bool {
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" || name == "X-Real-Ip" || name == "Via" {
			return true
		}
	}
	return false
}

// lookAgain is how long the subnets of the machine are taken as known.
const lookAgain = time.Minute

// neighbours knows the subnets of this machine.
type neighbours struct {
	interfaces func() ([]net.Addr, error)

	mu      sync.Mutex
	subnets []netip.Prefix
	read    time.Time
}

func newNeighbours() *neighbours { return &neighbours{interfaces: net.InterfaceAddrs} }

// has reports whether ip is in a subnet of this machine. A public IPv4 subnet does not count: on a rented server its
// members are strangers.
func (n *neighbours) has(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if ip.IsLoopback() {
		return true
	}
	if ip.Is4() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := time.Now(); n.read.IsZero() || now.Sub(n.read) >= lookAgain {
		n.read, n.subnets = now, n.subnets[:0]
		all, _ := n.interfaces() // without them every client is a stranger, which is safe
		for _, a := range all {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				n.subnets = append(n.subnets, prefix.Masked())
			}
		}
	}
	for _, subnet := range n.subnets {
		if subnet.Contains(ip) {
			return true
		}
	}
	return false
}
