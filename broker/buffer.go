package broker

// beginLocked returns the buffer to append to, with room for a frame's header in front if it was empty.
func (c *conn) beginLocked() []byte {
	if len(c.buf) > 0 || c.room == 0 {
		return c.buf
	}
	return append(c.buf, make([]byte, frameRoom)...)
}

// accountLocked counts the appended bytes and starts writing them. It returns false if it has disconnected the client
// because too much waits.
func (c *conn) accountLocked() bool {
	c.countLocked()
	switch {
	case len(c.buf) > maxWaiting:
		c.abortLocked("it does not read its messages")
	case c.counted > 0 && c.exhausted():
		c.abortLocked(crowded)
	default:
		c.wakeLocked()
		return true
	}
	return false
}

// countLocked counts the memory of the buffers, and of a large packet that is coming in.
func (c *conn) countLocked() {
	now := max(cap(c.buf)+c.flown-freeBuffer, 0)
	c.traffic.buffered.Add(int64(now - c.counted))
	c.counted = now
	if s := c.session.Load(); s != nil {
		now += c.large
		s.charge(now - c.charged)
		c.charged = now
	}
}

func (c *conn) exhausted() bool {
	s := c.session.Load()
	return s != nil && s.share.exhausted()
}

// starvedLocked reports whether a message of a size has to wait because the user's clients hold more than their share:
// so one large message for many clients is not copied for all of them at once.
func (c *conn) starvedLocked(size int) bool {
	s := c.session.Load()
	if s == nil || len(c.buf)+size < freeBuffer || !s.share.over() {
		return false
	}
	if len(c.buf) == 0 {
		s.share.starve(s) // else flush pumps when it is written
	}
	return true
}

// setLarge counts the memory of a large packet that is coming in. Only the reading goroutine calls it.
func (c *conn) setLarge(bytes int) {
	if c.large == bytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.large = bytes
	c.countLocked()
	if bytes > 0 && c.exhausted() {
		c.abortLocked(crowded)
	}
}
