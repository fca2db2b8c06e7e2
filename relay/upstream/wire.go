package upstream

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"time"
)

const (
	maxPacket     = 256 << 10       // bytes of a packet from the broker; a command has a few hundred
	writePatience = 5 * time.Second // for a packet to leave this machine
)

// A broker that sends more than people could ever cause is disconnected: reading it would cost processor time that
// others need. A packet counts as one, plus one for each 256 bytes.
const (
	floodRow = 20_000 // packets that may arrive at once
	floodSec = 1000   // packets a second that may arrive over a long time
)

// rogueError is a packet that no broker may send.
type rogueError struct{ what string }

func (e rogueError) Error() string { return "the broker sent " + e.what }

// wire is the connection as paho sees it. It reads whole packets and passes only those that a broker may send to this
// client, because paho allocates memory for any length that a packet announces, and panics on a SUBACK that
// acknowledges more filters than were requested. It has its own deadlines: with keepalive some packet must arrive now
// and then, and a write that is not finished in time never will be.
type wire struct {
	net.Conn
	quiet time.Duration // the longest silence; grows from the connect timeout to the keepalive's after the CONNACK

	in      *bufio.Reader
	packet  []byte // checked, but not passed to paho yet
	greeted bool   // the CONNACK has come
	twin    bool   // it says that another gateway with this id is connected
	fault   error  // why reading has stopped

	acks     uint64 // PUBACKs so far
	mu       sync.Mutex
	arrivals []arrivalAt // of the messages that paho has not handed on yet

	filters int     // of the one SUBSCRIBE; 0 once it has been answered
	budget  float64 // of packets
	filled  time.Time

	writing sync.Mutex
}

// arrivalAt is where in the stream a message arrived, and when. paho hands messages and PUBACKs on by different ways, and
// so not in their order.
type arrivalAt struct {
	acks uint64 // PUBACKs before it
	at   time.Time
}

// maxArrivals is how many messages paho may be behind. It is never more than a few.
const maxArrivals = 4096

// arrived returns where the next message arrived that paho hands on. It is called once for each.
func (w *wire) arrived() arrivalAt {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.arrivals) == 0 {
		return arrivalAt{math.MaxUint64, time.Now()}
	}
	a := w.arrivals[0]
	w.arrivals = w.arrivals[1:]
	return a
}

func newWire(conn net.Conn, connect, quiet time.Duration, filters int) *wire {
	w := &wire{Conn: conn, quiet: quiet, filters: filters, budget: floodRow, filled: time.Now(), in: bufio.NewReaderSize(conn, 4096)}
	_ = conn.SetReadDeadline(time.Now().Add(connect)) // a dead connection reports it at the first read
	return w
}

// SetDeadline and its kin do nothing: the wire has its own.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func (w *wire) Write(b []byte) (int, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if err := w.Conn.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return 0, err
	}
	return w.Conn.Write(b)
}

func (w *wire) Read(b []byte) (int, error) {
	if len(w.packet) == 0 {
		if w.fault == nil {
			w.fault = w.next()
		}
		if w.fault != nil {
			return 0, w.fault
		}
	}
	n := copy(b, w.packet)
	w.packet = w.packet[n:]
	return n, nil
}

// next reads one packet (MQTT 3.1.1, section 2.2).
func (w *wire) next() error {
	if w.greeted {
		if err := w.Conn.SetReadDeadline(time.Now().Add(w.quiet)); err != nil {
			return err
		}
	}
	first, err := w.in.ReadByte()
	if err != nil {
		return err
	}
	head := []byte{first}
	length, shift := 0, 0
	for {
		c, err := w.in.ReadByte()
		if err != nil {
			return err
		}
		head = append(head, c)
		length |= int(c&0x7f) << shift
		shift += 7
		if c < 0x80 {
			break
		}
		if shift > 21 {
			return rogueError{"a packet with an impossible length"}
		}
	}
	if !w.greeted && (first>>4 != connack || length != 2) {
		return rogueError{"a packet other than CONNACK first"} // before waiting for more
	}
	if length > maxPacket {
		return rogueError{fmt.Sprintf("a packet of %d bytes", length)}
	}
	packet := make([]byte, len(head)+length)
	copy(packet, head)
	body := packet[len(head):]
	if _, err := io.ReadFull(w.in, body); err != nil {
		return err
	}
	if err := w.check(first, body); err != nil {
		return err
	}
	w.packet = packet
	return nil
}

// Return codes of a CONNACK.
const (
	rejected = 2 // the client id (MQTT 3.1.1, table 3.1)
	// Another gateway with this id is connected: the code of a hub, broker.Duplicate. It is none of MQTT 3.1.1, and paho
	// gets the other one.
	duplicate = 0x8e
)

// Types of packets, in the upper half of the first byte (MQTT 3.1.1, table 2.1).
const (
	connack  = 2
	publish  = 3
	puback   = 4
	suback   = 9
	pingresp = 13
)

// check reports whether the broker may send the packet to us now.
func (w *wire) check(first byte, body []byte) error {
	kind := first >> 4
	if !w.greeted {
		w.greeted = true
		if body[1] == duplicate {
			w.twin, body[1] = true, rejected
		}
		return nil
	}
	cost := 1 + float64(len(body))/256
	if kind == puback {
		cost = 0.01 // at most one for each message that we have sent
	}
	if !w.afford(cost) {
		return rogueError{"far more than was requested"}
	}
	ok := false
	switch kind {
	case publish:
		topic := 0
		if len(body) >= 2 {
			topic = 2 + int(body[0])<<8 + int(body[1])
		}
		id := 0
		if qos := first >> 1 & 3; qos == 1 {
			id = 2
		} else if qos > 1 {
			return rogueError{"a message at a QoS that was not requested"}
		}
		ok = topic > 2 && topic+id <= len(body)
		w.mu.Lock()
		if len(w.arrivals) < maxArrivals {
			w.arrivals = append(w.arrivals, arrivalAt{w.acks, time.Now()})
		}
		w.mu.Unlock()
	case puback:
		ok = len(body) == 2
		w.acks++
	case suback:
		ok = w.filters > 0 && len(body) == 2+w.filters
		w.filters = 0 // there is one
	case pingresp:
		ok = len(body) == 0
	}
	if !ok {
		return rogueError{fmt.Sprintf("a packet of type %d and %d bytes, which cannot be", kind, len(body))}
	}
	return nil
}

// afford takes the cost of a packet from the budget, which grows with time.
func (w *wire) afford(cost float64) bool {
	now := time.Now()
	w.budget = min(floodRow, w.budget+floodSec*now.Sub(w.filled).Seconds())
	w.filled = now
	w.budget -= cost
	return w.budget > 0
}
