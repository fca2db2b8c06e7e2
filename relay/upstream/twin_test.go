package upstream

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// onlyOne is a broker that knows one client id and one retained topic, as far as two gateways with one id need it: a
// new connection ends the one before.
type onlyOne struct {
	readable bool // the gateways may read their info

	mu     sync.Mutex
	now    net.Conn
	info   []byte
	served int // infos that have come, one with each connection
}

func (o *onlyOne) serve(c net.Conn) {
	o.mu.Lock()
	if o.now != nil {
		o.now.Close()
	}
	o.now = c
	o.mu.Unlock()
	for {
		packet, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		for _, answer := range o.answer(packet) {
			if answer.Write(c) != nil {
				return
			}
		}
	}
}

func (o *onlyOne) answer(packet packets.ControlPacket) (answers []packets.ControlPacket) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch q := packet.(type) {
	case *packets.ConnectPacket:
		return append(answers, packets.NewControlPacket(packets.Connack))
	case *packets.SubscribePacket:
		a := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		a.MessageID, a.ReturnCodes = q.MessageID, make([]byte, len(q.Topics))
		answers = append(answers, a)
		n := slices.IndexFunc(q.Topics, func(topic string) bool { return strings.HasSuffix(topic, "/info") })
		switch {
		case n < 0:
		case !o.readable:
			a.ReturnCodes[n] = 0x80
		case o.info != nil:
			m := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
			m.TopicName, m.Payload, m.Retain = q.Topics[n], o.info, true
			answers = append(answers, m)
		}
		return answers
	case *packets.PublishPacket:
		if strings.HasSuffix(q.TopicName, "/info") {
			o.info = q.Payload
			o.served++
		}
		a := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		a.MessageID = q.MessageID
		return append(answers, a)
	}
	return append(answers, packets.NewControlPacket(packets.Pingresp))
}

// twinOf starts a gateway that says what it is. It keeps trying at once.
func twinOf(t *testing.T, url, instance string, started int) *Upstream {
	t.Helper()
	c := testDefault(url)
	c.ID, c.Dir, c.Root, c.Gateway, c.Instance, c.Accept = "cloud", t.TempDir(), "minirelay", "home", instance, []string{"command"}
	timing := timingOf(&c)
	timing.retryMin, timing.retryMax = 5*time.Millisecond, 20*time.Millisecond
	timing.ack = time.Second // paho overlooks a connection that is lost at its very beginning
	u, err := start(c, hands{}, slog.New(slog.DiscardHandler), timing, readClock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	installation, _, _ := strings.Cut(instance, "/")
	say(t, u, "minirelay/home/info", fmt.Appendf(nil, `{"gateway":"home","instance":%q,"started":%d}`, installation, started))
	return u
}

func namesTheTwin(u *Upstream) bool {
	return strings.Contains(u.Status().Message, "another gateway with the id home is connected there")
}

// Two gateways with one id that disconnect each other at a broker that is no hub find each other in their info.
func TestTwinAtAnyBroker(t *testing.T) {
	for name, second := range map[string]struct {
		instance string
		started  int
	}{"another installation": {"b/1", 1}, "a copy of the whole disk": {"a/2", 200}} {
		t.Run(name, func(t *testing.T) {
			o := &onlyOne{readable: true}
			url := "mqtt://" + listenTCP(t, tcp(t), o.serve)
			first := twinOf(t, url, "a/1", 100)
			other := twinOf(t, url, second.instance, second.started)
			waitFor(t, func() bool { return namesTheTwin(first) && namesTheTwin(other) })
		})
	}
}

// A broker that does not let a gateway read its own info, and one that just closes connections, name no twin.
func TestNoTwin(t *testing.T) {
	for _, readable := range []bool{false, true} {
		o := &onlyOne{readable: readable}
		url := "mqtt://" + listenTCP(t, tcp(t), o.serve)
		u := twinOf(t, url, "a/1", 100)
		for n := range oftenClosed + 2 {
			waitFor(t, func() bool {
				o.mu.Lock()
				defer o.mu.Unlock()
				return o.served > n
			})
			o.mu.Lock()
			o.now.Close()
			o.mu.Unlock()
		}
		waitFor(t, func() bool { return u.Status().Code == CodeConnected })
		if namesTheTwin(u) {
			t.Errorf("readable %v: %+v", readable, u.Status())
		}
	}
}

// A hub says that another gateway with the same id is connected.
func TestTwinAtAHub(t *testing.T) {
	c := testDefault("mqtt://" + listenTCP(t, tcp(t), greet("\x20\x02\x00\x8e")))
	if s := condition(t, c, then().Wall); s.Code != CodeDuplicate || !strings.Contains(s.Message, "set another [gateway] id") {
		t.Errorf("%+v", s)
	}
}
