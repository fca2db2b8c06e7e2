package broker

// Bounds of password computations: each takes memory and a core.
const (
	maxComputing   = 1
	maxWaitingIn   = 16 // different passwords that wait; beyond it the least important is asked to come back later
	maxWaitingHost = 4  // of those, strangers' from one address
)

// rank is the order in which waiting passwords are computed.
type rank uint8

const (
	rankKnown    rank = iota // a phone that has logged in before
	rankNear                 // this machine and its subnets
	rankNew                  // an address that has tried nothing wrong
	rankStranger             // anybody else
)

// computing hands out the turns to compute. It is guarded by the mutex of passwords.
type computing struct {
	busy    int
	waiting []*turn // in the order of arrival
}

// turn is a place in the queue.
type turn struct {
	rank rank
	host string
	come chan bool // true: it is your turn; false: somebody more important took your place
}

// queue returns a turn; nil if there is no room.
func (c *computing) queue(r rank, host string) *turn {
	t := &turn{rank: r, host: host, come: make(chan bool, 1)}
	if c.busy < maxComputing {
		c.busy++
		t.come <- true
		return t
	}
	fits, last := c.fits(r, host)
	if !fits {
		return nil
	}
	if len(c.waiting) >= maxWaitingIn {
		c.waiting[last].come <- false
		c.waiting = append(c.waiting[:last], c.waiting[last+1:]...)
	}
	c.waiting = append(c.waiting, t)
	return t
}

// room reports whether queue would return a turn.
func (c *computing) room(r rank, host string) bool {
	fits, _ := c.fits(r, host)
	return c.busy < maxComputing || fits
}

// fits reports whether another turn may wait, and which one would have to go if all places are taken.
func (c *computing) fits(r rank, host string) (fits bool, last int) {
	same, last := 0, -1 // last is the least important, the newest of them
	for i, w := range c.waiting {
		if w.host == host && w.rank == r {
			same++
		}
		if last < 0 || w.rank >= c.waiting[last].rank {
			last = i
		}
	}
	if r >= rankNew && same >= maxWaitingHost {
		return false, last
	}
	return len(c.waiting) < maxWaitingIn || c.waiting[last].rank > r, last
}

// next ends a turn and begins the most important one that waits, the oldest of them.
func (c *computing) next() {
	best := -1
	for i, w := range c.waiting {
		if best < 0 || w.rank < c.waiting[best].rank {
			best = i
		}
	}
	if best < 0 {
		c.busy--
		return
	}
	c.waiting[best].come <- true
	c.waiting = append(c.waiting[:best], c.waiting[best+1:]...)
}
