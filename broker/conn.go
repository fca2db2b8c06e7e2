package broker

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	connectTime = 5 * time.Second  // from accept to a complete CONNECT, TLS handshake and upgrade included
	stuckTime   = 10 * time.Second // a client that accepts no byte for this long has stopped reading
	closeTime   = 2 * time.Second  // for the last bytes to a client that is being disconnected

	publishRoom = 64 << 10 // bytes waiting at one client beyond which its next messages wait as pointers
	writeChunk  = 16 << 10 // bytes in one write, so that stuckTime measures the client's speed and not our size
	keepBuffer  = 512      // bytes of buffer that an idle client keeps
	freeBuffer  = 4 << 10  // bytes of buffer that every client may need for a moment; they are not counted
	maxWaiting  = 1 << 20  // bytes waiting at one client; beyond it the client is disconnected
)

var errConnClosed = errors.New("connection closed")

// conn is one client's connection, as seen by mochi and the session. Write never blocks: it appends to a buffer that a
// goroutine, which lives only while there is something to write, sends in as few frames as it can. A client whose
// buffer is full is disconnected.
type conn struct {
	inner   net.Conn  // TCP
	raw     net.Conn  // inner, or TLS over it; written to by flush alone
	in      io.Reader // the incoming bytes of MQTT
	head    []byte    // bytes read ahead of mochi
	room    int       // frameRoom over WebSocket, else 0
	remote  string
	host    string   // see place
	near    bool     // see place
	ticket  *ticket  // nil for a pulse
	pulse   bool     // of Broker.Pulse
	who     instance // of a gateway
	traffic *traffic
	client  *mqtt.Client // set before session
	session atomic.Pointer[session]
	leaving bool          // gives its place up; guarded by Broker.sessionsMu
	gone    chan struct{} // closed when mochi has released the connection and the client id is free

	// Of the reading goroutine.
	idle         time.Duration // the longest silence allowed, 0: any
	lastDeadline time.Time
	receiveMax   uint16
	established  bool
	left         bool   // mochi has reported its end
	refused      bool   // its CONNECT was refused, with a line in the log
	raised       uint16 // the keep-alive that it asked for, in seconds, if that was too short
	incoming     inbound
	forbidden    packets.Code // what its CONNECT asks for that it may not
	will         *will        // published when it ends
	speaksFor    string       // the gateway whose connection it is; "": none
	granted      []request    // the filters of the SUBSCRIBE being answered
	unsubscribed []byte       // the codes for the UNSUBSCRIBE being answered

	mu       sync.Mutex
	buf      []byte // room for a frame's header, then the bytes to write
	flown    int    // bytes of the other buffer, which flush writes from
	counted  int    // bytes of memory counted in traffic
	charged  int    // and of the session
	large    int    // bytes of a large packet that is coming in
	control  []byte // a WebSocket control frame that goes first
	flushing bool   // flush runs
	closing  bool   // no more is accepted; waiting bytes still go out
	closeBy  time.Time
	goodbye  bool // the close frame is on its way
	dead     bool
	reason   string        // why it was disconnected, if that deserves a line in the log
	details  []any         // for that line
	faulty   bool          // the client itself is to blame
	drain    bool          // the client is still sending when it is disconnected
	pinger   *time.Timer   // of a WebSocket
	done     chan struct{} // closed when dead
}

func newConn(inner, raw net.Conn, ws *websocket.Conn, t *traffic) *conn {
	c := &conn{inner: inner, raw: raw, remote: inner.RemoteAddr().String(), traffic: t,
		gone: make(chan struct{}), done: make(chan struct{})}
	c.host = hostOf(inner.RemoteAddr())
	if ws == nil {
		c.in = raw
		return c
	}
	c.room = frameRoom
	c.in = &wsReader{ws: ws}
	ws.SetPingHandler(func(text string) error { c.pong(text); return nil })
	ws.SetCloseHandler(func(int, string) error { return nil }) // Close answers it
	return c
}

// from sets the place of the client. It is called before the connection is served.
func (c *conn) from(p place) { c.host, c.remote, c.near = p.host, p.remote, p.near }

// Read returns the bytes of MQTT to mochi, regardless of WebSocket frames.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	if c.incoming.part == atType {
		c.setLarge(0) // mochi asks for the next packet: it is done with the last
	}
	n, err := c.in.Read(p)
	if c.incoming.follow(p[:n]); c.incoming.tooBig > 0 {
		return 0, packets.ErrPacketTooLarge // mochi knows only the limit of gateways
	}
	c.setLarge(c.incoming.memory())
	c.traffic.bytesIn.Add(int64(n))
	return n, err
}

// Write takes a packet from mochi: an acknowledgement, a PINGRESP, a DISCONNECT.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.dead {
		return 0, errConnClosed
	}
	c.buf = append(c.beginLocked(), p...)
	if !c.accountLocked() {
		return 0, errConnClosed
	}
	return len(p), nil
}

// publish appends m, unless much waits already (false): the session then decides whether to keep it back or give up.
func (c *conn) publish(m *message, s stamp) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.dead {
		return true // it will not be read
	}
	if len(c.buf) > publishRoom || c.starvedLocked(len(m.payload)) {
		return false
	}
	c.buf = appendPublish(c.beginLocked(), m, s)
	if c.accountLocked() {
		c.traffic.messagesOut.Add(1)
	}
	return true
}

func (c *conn) wakeLocked() {
	if !c.flushing {
		c.flushing = true
		go c.flush()
	}
}

// flush writes until nothing is left, then ends. Only flush writes to raw.
func (c *conn) flush() {
	var spare []byte
	c.mu.Lock()
	raw := c.raw
	c.mu.Unlock()
	for {
		c.mu.Lock()
		if c.closing && len(c.buf) == 0 && c.room > 0 && !c.goodbye {
			c.goodbye = true
			c.control = []byte{0x80 | websocket.CloseMessage, 2, 0x03, 0xe8} // 1000, normal closure
		}
		out, control := c.buf, c.control
		if c.dead || len(out) == 0 && len(control) == 0 {
			c.rest(raw)
			return
		}
		c.buf, c.control, c.flown = spare, nil, cap(out)
		c.countLocked()
		c.mu.Unlock()

		err := c.send(raw, control, out)
		if err != nil {
			reason := ""
			if errors.Is(err, os.ErrDeadlineExceeded) {
				reason = "it has stopped reading"
			}
			c.abort(reason)
		}
		spare = out[:0]
		if s := c.session.Load(); s != nil {
			s.pump()
		}
	}
}

// rest ends flush: the buffer shrinks, and a connection that waited for its last bytes is closed. It is called with mu
// locked and unlocks it.
func (c *conn) rest(raw net.Conn) {
	c.flushing, c.flown = false, 0
	if cap(c.buf) > keepBuffer {
		c.buf = nil
	}
	c.countLocked()
	last, drain := c.closing && !c.dead, c.drain
	c.dead = c.dead || last
	inner, until := c.inner, c.closeBy
	c.mu.Unlock()
	if last && drain {
		readRest(inner, until)
	}
	if last {
		_ = raw.Close() // TLS sends a close alert, and waits for room to send it
		close(c.done)
	}
}

// send writes a control frame, and everything else in frames.
func (c *conn) send(raw net.Conn, control, out []byte) error {
	if len(control) > 0 {
		if err := c.writeAll(raw, control); err != nil {
			return err
		}
	}
	if len(out) == 0 {
		return nil
	}
	if c.room > 0 {
		return c.writeFrames(raw, out)
	}
	return c.writeAll(raw, out)
}

func (c *conn) writeAll(raw net.Conn, p []byte) error {
	for len(p) > 0 {
		c.mu.Lock()
		limit := time.Now().Add(stuckTime)
		if c.closing {
			limit = c.closeBy
		}
		_ = raw.SetWriteDeadline(limit)
		c.mu.Unlock()
		n, err := raw.Write(p[:min(len(p), writeChunk)])
		c.traffic.bytesOut.Add(int64(n))
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// Close lets waiting bytes go out, for closeTime at most, and closes. It does not wait for that.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.dead {
		return nil
	}
	c.partLocked()
	c.closing = true
	c.closeBy = time.Now().Add(closeTime)
	_ = c.raw.SetReadDeadline(time.Unix(1, 0)) // ends the waiting read
	_ = c.raw.SetWriteDeadline(c.closeBy)
	c.wakeLocked()
	return nil
}

// partLocked gives an MQTT 5 client the reason why it is disconnected, where mochi gives none.
func (c *conn) partLocked() {
	if s := c.session.Load(); c.incoming.tooBig == 0 || s == nil || c.client.Properties.ProtocolVersion < 5 {
		return
	}
	c.buf = append(c.beginLocked(), packets.Disconnect<<4, 2, packets.ErrPacketTooLarge.Code, 0)
	c.drain = c.accountLocked()
}

// readRest reads what a client is still sending, for a moment: closing a connection with unread bytes makes TCP drop
// what was sent last.
func readRest(inner net.Conn, until time.Time) {
	const most = 1 << 20 // bytes
	if half, ok := inner.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = inner.SetReadDeadline(until)
	_, _ = io.CopyN(io.Discard, inner, most)
}

// abort cuts the connection. A reason is given if it belongs in the log.
func (c *conn) abort(reason string) {
	c.mu.Lock()
	c.abortLocked(reason)
	c.mu.Unlock()
}

func (c *conn) abortLocked(reason string) {
	if c.dead {
		return
	}
	c.dead = true
	if !c.closing {
		c.reason = reason
	}
	c.buf = nil
	c.countLocked()
	go func(inner net.Conn) { // the caller may be a publisher, and closing waits for the write that it interrupts
		_ = inner.Close() // not raw: TLS would wait to send its close alert
		close(c.done)
	}(c.inner)
}

// strip releases the buffers of an ended connection: mochi keeps the connection for as long as the session lives.
func (c *conn) strip() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in, c.raw, c.inner, c.head, c.granted, c.ticket = nil, nil, nil, nil, nil, nil
	c.unsubscribed, c.large = nil, 0
	c.countLocked()
	if c.pinger != nil {
		c.pinger.Stop()
	}
}

// failure is why the connection was cut, if that belongs in the log.
func (c *conn) failure() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// SetDeadline is mochi's signal that a packet has arrived. Its own sum overflows at 43691 s, so we compute the time.
func (c *conn) SetDeadline(time.Time) error {
	now := time.Now()
	if now.Sub(c.lastDeadline) < time.Second {
		return nil
	}
	c.lastDeadline = now
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.dead {
		return nil
	}
	if c.idle == 0 {
		return c.raw.SetReadDeadline(time.Time{})
	}
	return c.raw.SetReadDeadline(now.Add(c.idle))
}

func (c *conn) SetReadDeadline(t time.Time) error  { return c.raw.SetReadDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return nil } // flush sets its own
func (c *conn) LocalAddr() net.Addr                { return c.inner.LocalAddr() }
func (c *conn) RemoteAddr() net.Addr               { return c.inner.RemoteAddr() }
