package broker

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// ports are the listeners. nil: off.
type ports struct{ tls, mqtt, ws net.Listener }

func (p ports) close() { p.closeExcept(ports{}) }

func (p ports) closeExcept(kept ports) {
	if p.tls != nil && p.tls != kept.tls {
		_ = p.tls.Close()
	}
	if p.mqtt != nil && p.mqtt != kept.mqtt {
		_ = p.mqtt.Close()
	}
	if p.ws != nil && p.ws != kept.ws {
		_ = p.ws.Close()
	}
}

// bind binds the listeners of cfg. Listeners of old whose address did not change are kept. After an error the ports are
// those of old, though perhaps bound again.
func (b *Broker) bind(cfg Config, old ports) (ports, error) {
	bound := old
	steps := []struct {
		key, want, had string
		old            net.Listener
		to, restored   *net.Listener
	}{
		{"broker.listen", cfg.Listen, b.config.Listen, old.tls, &bound.tls, &old.tls},
		{"broker.mqtt", cfg.MQTT, b.config.MQTT, old.mqtt, &bound.mqtt, &old.mqtt},
		{"broker.ws", cfg.WS, b.config.WS, old.ws, &bound.ws, &old.ws},
	}
	for _, s := range steps {
		if s.want == "" {
			*s.to = nil
			continue
		}
		if s.old != nil && s.want == s.had {
			continue
		}
		l, err := listen(s.key, s.want)
		if errors.Is(err, syscall.EADDRINUSE) && s.old != nil && samePort(s.want, s.had) {
			// Another address of our own port, such as :8443 for 127.0.0.1:8443.
			_ = s.old.Close()
			if l, err = listen(s.key, s.want); err != nil {
				*s.restored, _ = listen(s.key, s.had)
			}
		}
		if err != nil {
			bound.closeExcept(old)
			return old, err
		}
		*s.to = l
	}
	return bound, nil
}

func samePort(a, b string) bool {
	_, portA, errA := net.SplitHostPort(a)
	_, portB, errB := net.SplitHostPort(b)
	return errA == nil && errB == nil && portA == portB
}

func listen(key, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	switch {
	case err == nil:
		return l, deepen(l)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, hint(fmt.Errorf("%s: %s is in use by another program (%w)", key, address, err), "stop that one (ss -ltnp shows it) or choose another port")
	case errors.Is(err, os.ErrPermission):
		return nil, hint(fmt.Errorf("%s: not permitted to listen on %s (%w)", key, address, err), "ports below 1024 need CAP_NET_BIND_SERVICE, 8443 does not")
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, hint(fmt.Errorf("%s: this machine does not have the address %s (%w)", key, address, err), "use :port to listen on all addresses")
	}
	return nil, hint(fmt.Errorf("%s: cannot listen on %q (%w)", key, address, err), "write host:port or :port")
}

// backlog is how many connections may wait to be accepted; the kernel allows 4096 by default. Go asks for 128 if it
// cannot see the kernel's limit in /proc, as in a service with ProcSubset=pid: too few for the phones of a large site
// that come back at once.
const backlog = 4096

// deepen makes room for backlog connections: listen(2) may be called again.
func deepen(l net.Listener) error {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	failed := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), backlog) })
	return errors.Join(failed, err)
}

// accept serves the listeners of p that old did not have.
func (b *Broker) accept(p, old ports) {
	start := func(l, had net.Listener, serve func(net.Listener)) {
		if l == nil || l == had {
			return
		}
		b.running.Add(1)
		go func() {
			defer b.running.Done()
			serve(l)
		}()
	}
	start(p.tls, old.tls, func(l net.Listener) { _ = b.secure.Serve(&ticketListener{Listener: l, b: b, tls: true}) })
	start(p.ws, old.ws, func(l net.Listener) { _ = b.plain.Serve(&ticketListener{Listener: l, b: b}) })
	start(p.mqtt, old.mqtt, b.acceptMQTT)
}

// ticketListener admits strangers within the limits of preLogin, and wraps them in TLS if there is a certificate.
type ticketListener struct {
	net.Listener
	b   *Broker
	tls bool
}

// Accept returns the next connection. A lack of file descriptors is temporary and must not end the listener.
func (l *ticketListener) Accept() (net.Conn, error) {
	pause := 5 * time.Millisecond
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			l.b.log.Warn("cannot accept a connection", "error", err)
			if !l.b.sleep(pause) {
				return nil, net.ErrClosed
			}
			pause = min(2*pause, time.Second)
			continue
		}
		limitBuffers(raw)
		if l.b.fromProxy(raw) {
			raw = &proxied{Conn: raw, deadline: time.Now().Add(connectTime)}
		}
		ticketed := l.b.preLogin.enter(raw)
		if ticketed == nil {
			_ = raw.Close()
			continue
		}
		if id := l.b.identity.Load(); l.tls && id != nil {
			return tls.Server(ticketed, id.server), nil
		}
		return ticketed, nil
	}
}

// kernelBuffer is the size of the kernel's buffers of a connection, in bytes; it takes about twice as much. By itself it
// gives megabytes to a client that does not read, out of the memory that the service may use.
const kernelBuffer = 128 << 10

func limitBuffers(raw net.Conn) {
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(kernelBuffer)
		_ = tcp.SetReadBuffer(kernelBuffer)
	}
}

// sleep waits; it returns false if the broker stops.
func (b *Broker) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-b.quit:
		return false
	}
}

// acceptMQTT serves plain MQTT.
func (b *Broker) acceptMQTT(l net.Listener) {
	gl := &ticketListener{Listener: l, b: b}
	for {
		raw, err := gl.Accept()
		if err != nil {
			return
		}
		_ = raw.SetReadDeadline(time.Now().Add(connectTime))
		ticketed := raw.(*ticketConn)
		if _, ok := ticketed.Conn.(*proxied); ok {
			b.running.Add(1)
			go func() { // the proxy's header has to be waited for
				defer b.running.Done()
				b.welcomeMQTT(ticketed)
			}()
			continue
		}
		b.welcomeMQTT(ticketed)
	}
}

// welcomeMQTT starts serving a connection of plain MQTT.
func (b *Broker) welcomeMQTT(ticketed *ticketConn) {
	c := newConn(ticketed, ticketed, nil, b.traffic)
	c.in = bufio.NewReaderSize(ticketed, keepBuffer)
	c.ticket = ticketed.ticket
	c.from(b.placeOf(ticketed.RemoteAddr()))
	b.welcome(c)
}

// fromProxy reports whether a connection comes from a trusted proxy.
func (b *Broker) fromProxy(raw net.Conn) bool {
	ap, err := netip.ParseAddrPort(raw.RemoteAddr().String())
	return err == nil && b.front.Load().trusts(ap.Addr())
}

// welcome starts serving c, unless the broker is stopping.
func (b *Broker) welcome(c *conn) {
	b.sessionsMu.Lock()
	if b.stopping.Load() {
		b.sessionsMu.Unlock()
		c.abort("")
		return
	}
	b.conns[c] = struct{}{}
	b.running.Add(1)
	b.sessionsMu.Unlock()
	go b.serve(c)
}
