package broker

import (
	"net"
	"syscall"
)

// hungUp reports whether the client has closed the connection. It takes no bytes from it.
func (c *conn) hungUp() bool {
	c.mu.Lock()
	over, inner := c.dead || c.closing, c.inner
	c.mu.Unlock()
	return over || closed(inner)
}

// closed looks at the connection below the wrappers of this package.
func closed(inner net.Conn) bool {
	switch c := inner.(type) {
	case *ticketConn:
		return closed(c.Conn)
	case *proxied:
		return closed(c.Conn)
	case syscall.Conn:
		raw, err := c.SyscallConn()
		if err != nil {
			return true
		}
		ended := false
		err = raw.Control(func(fd uintptr) {
			n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			ended = n == 0 && err == nil || err == syscall.ECONNRESET
		})
		return ended || err != nil
	}
	return false
}
