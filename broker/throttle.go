package broker

import (
	"net"
	"net/netip"
	"time"
)

// A place (an address and the user it tries) may have this many new passwords computed: a few at once, then one every
// few seconds. All places together have a larger allowance, against attackers with many addresses.
const (
	placeBurst = 5
	placeEvery = 2 * time.Second
	allBurst   = 50
	allEvery   = 200 * time.Millisecond
	maxPlaces  = 1024
)

// throttle counts new passwords by place. It is guarded by the mutex of passwords.
type throttle struct {
	places map[string]*bucket
	all    bucket
}

// bucket holds tokens; one comes back every so often.
type bucket struct {
	tokens float64
	at     time.Time
}

func newThrottle() throttle {
	return throttle{places: map[string]*bucket{}, all: bucket{tokens: allBurst}}
}

func (b *bucket) refill(now time.Time, burst float64, every time.Duration) {
	if !b.at.IsZero() {
		b.tokens = min(burst, b.tokens+float64(now.Sub(b.at))/float64(every))
	}
	b.at = now
}

// allow takes a token for place; false if there is none.
func (t *throttle) allow(place string, now time.Time) bool {
	b := t.places[place]
	if b == nil {
		if len(t.places) >= maxPlaces {
			t.sweep(now)
		}
		b = &bucket{tokens: placeBurst, at: now}
		t.places[place] = b
	}
	b.refill(now, placeBurst, placeEvery)
	t.all.refill(now, allBurst, allEvery)
	if b.tokens < 1 || t.all.tokens < 1 {
		return false
	}
	b.tokens--
	t.all.tokens--
	return true
}

// forgive returns the token that a right password took.
func (t *throttle) forgive(place string) {
	if b := t.places[place]; b != nil {
		b.tokens++
	}
	t.all.tokens++
}

// sweep forgets places that have been quiet, or all of them if none has: the common allowance still holds.
func (t *throttle) sweep(now time.Time) {
	for place, b := range t.places {
		if b.refill(now, placeBurst, placeEvery); b.tokens >= placeBurst {
			delete(t.places, place)
		}
	}
	if len(t.places) >= maxPlaces {
		clear(t.places)
	}
}

// hostOf is the address without its port; for IPv6 the /64, since a host has all of it.
func hostOf(addr net.Addr) string {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return addr.String()
	}
	ip := ap.Addr().Unmap()
	if ip.Is6() && !ip.IsLoopback() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.WithZone("").String()
}
