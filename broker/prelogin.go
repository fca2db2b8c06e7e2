package broker

import (
	"container/list"
	"math"
	"net"
	"net/netip"
	"sync"
)

// Bounds of connections that are no MQTT clients (yet). They cost memory and a file descriptor each.
const (
	maxStrangers        = 512 // connections that have not logged in
	maxStrangersPerHost = 64  // of them from one address (not loopback, which proxies and benches use)
	maxGuests           = 256 // HTTP connections that have signed in: pages, the API, watchers of a wire
	maxGuestsPerUser    = 32  // of them of one user
)

// proxies is the host of connections of trusted proxies before they have named their client.
const proxies = ""

// preLogin counts the connections that are no MQTT clients. When there are too many, it cuts the oldest connection of
// the address, the network or the user that has most: a flood displaces itself, and an honest client, which logs in long
// before it is the oldest of its address, gets in.
type preLogin struct {
	mu        sync.Mutex
	strangers crowd
	guests    crowd
	sockets   int // open connections of all kinds, MQTT clients included
	most      int // of them, as the limit of file descriptors permits

	onCut func(from net.Addr) // is told of each connection that has lost its place; nil: nobody is
}

// crowd are connections that share a number of places, by name: an address or a user.
type crowd struct {
	most, each int        // places of all together, and of one name
	waiting    *list.List // of *ticket, the oldest first
	of         map[string]*counter
}

// counter counts the tickets of one name, or of the names of one network.
type counter struct {
	name string
	n    int
}

// ticket stands for a connection until it belongs to an MQTT client, or ends.
type ticket struct {
	preLogin *preLogin
	host     string
	conn     net.Conn
	crowd    *crowd     // nil: handed in
	name     string     // in the crowd
	groups   []*counter // in the crowd: its name, then the networks of that
	at       *list.Element
}

func newCrowd(most, each int) crowd {
	return crowd{most: most, each: each, waiting: list.New(), of: map[string]*counter{}}
}

func newPreLogin() *preLogin {
	return &preLogin{strangers: newCrowd(maxStrangers, maxStrangersPerHost), guests: newCrowd(maxGuests, maxGuestsPerUser), most: math.MaxInt}
}

// enter admits a connection, and cuts another one if there is no room. It returns nil if there is nothing to cut.
func (p *preLogin) enter(raw net.Conn) *ticketConn {
	c := &ticketConn{Conn: raw}
	c.ticket = &ticket{preLogin: p, conn: c}
	if from, ok := raw.(*proxied); ok {
		c.ticket.host = proxies
		from.found = func(client net.Addr) { c.ticket.move(hostOf(client)) }
	} else {
		c.ticket.host = hostOf(raw.RemoteAddr())
	}
	var out, more *ticket
	p.mu.Lock()
	if out = p.strangers.addLocked(c.ticket, c.ticket.host); out == nil && p.sockets >= p.most {
		if more = p.strangers.crowdedOutLocked(); more == c.ticket {
			more = p.guests.crowdedOutLocked()
			if more == nil {
				c.ticket.leaveLocked()
				c = nil
			}
		}
		more.leaveLocked()
	}
	if c != nil {
		p.sockets++
	}
	p.mu.Unlock()
	out.cut()
	more.cut()
	return c
}

// setLimits changes the limits. Connections beyond them stay until others enter.
func (p *preLogin) setLimits(strangers, guests, sockets int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strangers.most, p.guests.most, p.most = strangers, guests, sockets
}

// addLocked adds a ticket under a name, and returns the one that has lost its place to it, or nil.
func (c *crowd) addLocked(t *ticket, name string) (out *ticket) {
	switch {
	case c.countLocked(name) >= c.each && name != proxies && !loopback(name):
		out = c.oldestLocked(name)
	case c.waiting.Len() >= c.most:
		out = c.crowdedOutLocked()
	}
	out.leaveLocked()
	t.crowd, t.name, t.at = c, name, c.waiting.PushBack(t)
	for _, name := range append([]string{name}, networks(name)...) {
		g := c.of[name]
		if g == nil {
			g = &counter{name: name}
			c.of[name] = g
		}
		g.n++
		t.groups = append(t.groups, g)
	}
	return out
}

func (c *crowd) countLocked(name string) int {
	if g := c.of[name]; g != nil {
		return g.n
	}
	return 0
}

// crowdedOutLocked returns the oldest ticket of the name or network that has most; nil if there is none.
func (c *crowd) crowdedOutLocked() (out *ticket) {
	for e := c.waiting.Front(); e != nil; e = e.Next() {
		if t := e.Value.(*ticket); out == nil || t.weightLocked() > out.weightLocked() {
			out = t
		}
	}
	return out
}

// weightLocked is how much of the crowd the ticket's name has, or its networks: a network may have twice as many tickets
// as a name or a smaller network.
func (t *ticket) weightLocked() (most int) {
	for i, g := range t.groups {
		most = max(most, g.n<<(2-i))
	}
	return most
}

// networks returns those that an address belongs to, as they are often given to one owner: the /24 and the /16, or for a
// /64 of IPv6 the /48 and the /32. Whoever has a large one must not look like many. Other names have none.
func networks(name string) []string {
	prefix, err := netip.ParsePrefix(name)
	if err != nil {
		ip, err := netip.ParseAddr(name)
		if err != nil || ip.IsLoopback() {
			return nil
		}
		prefix = netip.PrefixFrom(ip, ip.BitLen())
	}
	bits := [2]int{48, 32}
	if prefix.Addr().Is4() {
		bits = [2]int{24, 16}
	}
	var all []string
	for _, n := range bits {
		if wide, err := prefix.Addr().Prefix(n); err == nil {
			all = append(all, wide.String())
		}
	}
	return all
}

func (c *crowd) oldestLocked(name string) *ticket {
	for e := c.waiting.Front(); e != nil; e = e.Next() {
		if t := e.Value.(*ticket); t.name == name {
			return t
		}
	}
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// move counts the connection for another address: that of the client for whom a proxy speaks.
func (t *ticket) move(host string) {
	p := t.preLogin
	p.mu.Lock()
	var out *ticket
	if t.crowd == &p.strangers && t.name != host {
		t.leaveLocked()
		out = p.strangers.addLocked(t, host)
	}
	p.mu.Unlock()
	out.cut()
}

// signedIn records that the connection is a user's: it counts among the guests from now on.
func (t *ticket) signedIn(user string) {
	p := t.preLogin
	p.mu.Lock()
	var out *ticket
	if t.crowd != nil && !(t.crowd == &p.guests && t.name == user) {
		t.leaveLocked()
		out = p.guests.addLocked(t, user)
	}
	p.mu.Unlock()
	out.cut()
}

// leave hands the ticket in: the connection is an MQTT client's, or has ended.
func (t *ticket) leave() {
	if t == nil {
		return
	}
	t.preLogin.mu.Lock()
	defer t.preLogin.mu.Unlock()
	t.leaveLocked()
}

func (t *ticket) leaveLocked() {
	if t == nil || t.crowd == nil {
		return
	}
	t.crowd.waiting.Remove(t.at)
	for _, g := range t.groups {
		if g.n--; g.n == 0 {
			delete(t.crowd.of, g.name)
		}
	}
	t.crowd, t.groups, t.at = nil, nil, nil
}

// cut closes the connection of a ticket that has lost its place.
func (t *ticket) cut() {
	if t != nil {
		_ = t.conn.Close()
		if told := t.preLogin.onCut; told != nil {
			told(t.conn.RemoteAddr())
		}
	}
}

// ticketConn is an accepted connection. It hands its ticket in when it is closed.
type ticketConn struct {
	net.Conn
	ticket *ticket
	closed sync.Once
	proven proven
}

// CloseWrite tells the other side that no more will be sent.
func (c *ticketConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *ticketConn) Close() error {
	err := c.Conn.Close()
	c.closed.Do(func() {
		p := c.ticket.preLogin
		p.mu.Lock()
		defer p.mu.Unlock()
		c.ticket.leaveLocked()
		p.sockets--
	})
	return err
}
