//go:build e2e

package upstream

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Every route to a broker carries the same messages: readings, current values and results up; commands and requests
// down.
func TestEveryWay(t *testing.T) {
	m := newMosquitto(t)
	for name, url := range map[string]string{
		"mqtt": m.url(), "mqtts": fmt.Sprintf("mqtts://localhost:%d", m.tls),
		"ws": fmt.Sprintf("ws://127.0.0.1:%d/mqtt", m.ws), "wss": fmt.Sprintf("wss://localhost:%d/mqtt", m.wss),
	} {
		t.Run(name, func(t *testing.T) {
			c := testConfig(t.TempDir(), url)
			c.Prefix = "farm/" + name
			if name == "mqtts" || name == "wss" {
				c.CAFile = m.ca
			}
			carry(t, c, m.url())
		})
	}
}

// A gateway that is cut off is offline at the broker, and online and unchanged when it is back, even if the broker has
// been restarted meanwhile and remembers nothing.
func TestLastWill(t *testing.T) {
	m := newMosquitto(t)
	way := newLine(t, m.address())
	phone := newConsumer(t, m.url(), "minirelay/#")
	u, _ := run(t, testConfig(t.TempDir(), "mqtt://"+way.Addr()), readClock)
	u.Publish("minirelay/home/status", []byte("online"), 1, true, nil)
	u.Publish("minirelay/home/greenhouse/availability", []byte("online"), 1, true, nil)
	u.Publish(stateTopic, state(1), 1, true, nil)
	phone.see(t, "minirelay/home/status", "online")
	seq := parse(t, phone.see(t, stateTopic, `"n":1`).Payload()).Seq
	way.Refuse()
	way.Cut()
	phone.see(t, "minirelay/home/status", "offline")
	m.stop()
	m.start(t)
	acceptAgain(t, way)
	late := newConsumer(t, m.url(), "minirelay/#")
	late.see(t, "minirelay/home/status", "online")
	late.see(t, "minirelay/home/greenhouse/availability", "online")
	if r := parse(t, late.see(t, stateTopic, `"n":1`).Payload()); r.Seq != seq || r.Replay {
		t.Errorf("the newest state comes again as %+v; its number was %d", r, seq)
	}
}

// A line that dies silently is noticed, even if nothing is to be sent, and the connection is made again.
func TestHalfOpen(t *testing.T) {
	m := newMosquitto(t)
	way := newLine(t, m.address())
	c := testConfig(t.TempDir(), "mqtt://"+way.Addr())
	c.KeepAlive = time.Second
	u, _ := run(t, c, readClock)
	eventually(t, "it is connected", func() bool { return u.Status().Code == CodeConnected })
	way.Stall()
	eventually(t, "it is noticed", func() bool { return u.Status().Code != CodeConnected })
	if s := u.Status(); s.Code != CodeDead {
		t.Errorf("%s: %s", s.Code, s.Message)
	}
	way.Flow()
	eventually(t, "it is connected again", func() bool { return u.Status().Code == CodeConnected })
}

// A broker that accepts the connection and stays silent does not keep the gateway from stopping.
func TestEndWhileConnecting(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	c := testConfig(t.TempDir(), "mqtt://"+hole.Addr().String())
	slow := quick()
	slow.connect = 10 * patience
	u, err := start(c, &desk{}, slog.New(slog.DiscardHandler), slow, readClock)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := hole.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ended := make(chan error)
	go func() { ended <- u.Close(t.Context()) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

// Topics that the next config does not send any more are not left behind as if they were still true.
func TestWithdraw(t *testing.T) {
	m := newMosquitto(t)
	phone := newConsumer(t, m.url(), "minirelay/#")
	c := testConfig(t.TempDir(), m.url())
	u, _ := run(t, c, readClock)
	for _, device := range []string{"a", "b"} {
		u.Publish("minirelay/home/"+device+"/availability", []byte("online"), 1, true, nil)
		u.Publish("minirelay/home/"+device+"/state", state(1), 1, true, nil)
		phone.see(t, "minirelay/home/"+device+"/availability", "online")
		phone.see(t, "minirelay/home/"+device+"/state", `"n":1`)
	}
	next := c
	next.Devices = []string{"a"}
	u.Withdraw(next)
	end(t, u)
	late := newConsumer(t, m.url(), "minirelay/#")
	late.see(t, "minirelay/home/a/state", `"n":1`)
	late.see(t, "minirelay/home/a/availability", "online")
	for _, leaf := range []string{"state", "availability"} {
		if left := late.on("minirelay/home/b/" + leaf); len(left) > 0 {
			t.Errorf("%s: %s", left[0].Topic(), left[0].Payload())
		}
	}
}

// carry checks that an upstream carries readings, current values and results up, and commands and requests down. A
// consumer listens at url.
func carry(t *testing.T, c Config, url string) {
	t.Helper()
	phone := newConsumer(t, url, c.Prefix+"/#")
	u, d := run(t, c, readClock)
	u.Publish("minirelay/home/status", []byte("online"), 1, true, nil)
	u.Publish("minirelay/home/greenhouse/model", []byte(`{"device":"greenhouse"}`), 1, true, nil)
	u.Publish(stateTopic, state(1), 1, true, nil)
	u.Publish("minirelay/home/greenhouse/result", []byte(`{"id":"a","status":"done"}`), 1, false, nil)
	base := c.Prefix + "/"
	phone.see(t, base+"minirelay/home/status", "online")
	phone.see(t, base+"minirelay/home/greenhouse/model", "greenhouse")
	if r := parse(t, phone.see(t, base+stateTopic, `"n":1`).Payload()); r.Seq == 0 {
		t.Errorf("%+v", r)
	}
	phone.see(t, base+"minirelay/home/greenhouse/result", `"status":"done","seq":`)
	await(t, phone.Publish(base+"minirelay/home/greenhouse/command", 1, false, `{"id":"a"}`))
	await(t, phone.Publish(base+"minirelay/home/request/phone", 1, false, `{"id":1}`))
	eventually(t, "both have come", func() bool { return len(d.messages()) == 2 })
	if got := d.messages(); got[0].Topic != "minirelay/home/greenhouse/command" || got[1].Topic != "minirelay/home/request/phone" {
		t.Errorf("%+v", got)
	}
	eventually(t, "nothing waits", func() bool { return u.Status().Waiting == 0 })
	u.Publish("minirelay/home/status", []byte("offline"), 1, true, nil)
	end(t, u)
	phone.see(t, base+"minirelay/home/status", "offline")
}

// Two gateways with one client id disconnect each other. Their status says where to look.
func TestOneClientIDForTwo(t *testing.T) {
	m := newMosquitto(t)
	var both [2]*Upstream
	for i := range both {
		c := testConfig(t.TempDir(), m.url())
		c.ClientID = "the-same"
		both[i], _ = run(t, c, readClock)
	}
	for _, u := range both {
		eventually(t, "it is told", func() bool {
			s := u.Status()
			return s.Code == CodeLost && strings.Contains(s.Message, "client id the-same")
		})
	}
}

// A message that is too large for the broker, which then hangs up, keeps no other from going up, and is not lost: it
// goes up when the broker accepts it.
func TestMessageTooLarge(t *testing.T) {
	small := newMosquitto(t, "max_packet_size 4000")
	phone := newConsumer(t, small.url(), "minirelay/#")
	dir := t.TempDir()
	u, _ := run(t, testConfig(dir, small.url()), readClock)
	eventually(t, "it is connected", func() bool { return u.Status().Code == CodeConnected })
	large := fmt.Appendf(nil, `{"ts":%d,"n":1000,"text":"%s"}`, time.Now().UnixMilli(), strings.Repeat("x", 5000))
	const of = 200
	for n := range of {
		if n == of/2 {
			say(t, u, stateTopic, large)
		}
		say(t, u, stateTopic, state(n))
		time.Sleep(time.Millisecond)
	}
	eventually(t, "all the others have arrived", func() bool { return len(ns(t, phone.on(stateTopic))) == of })
	eventually(t, "it is told what is set aside", func() bool {
		s := u.Status()
		return s.Code == CodeConnected && s.Waiting == 1 && strings.Contains(s.Message, stateTopic)
	})
	say(t, u, stateTopic, state(of))
	eventually(t, "what comes later arrives", func() bool { return len(ns(t, phone.on(stateTopic))) == of+1 })
	end(t, u)

	tolerant := newMosquitto(t)
	phone = newConsumer(t, tolerant.url(), "minirelay/#")
	u, _ = run(t, testConfig(dir, tolerant.url()), readClock)
	eventually(t, "it arrives where it is not too large", func() bool { return slices.Equal(ns(t, phone.on(stateTopic)), []int{1000}) })
	eventually(t, "nothing waits", func() bool { return u.Status().Waiting == 0 && u.Status().Message == "" })
}

// ns returns the numbers of states, each once.
func ns(t *testing.T, messages []mqtt.Message) []int {
	t.Helper()
	var all []int
	for _, m := range messages {
		if n := parse(t, m.Payload()).N; !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}
