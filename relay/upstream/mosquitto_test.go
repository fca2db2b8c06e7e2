//go:build e2e

package upstream

import (
	"fmt"
	"testing"
)

// Every way to a broker carries the same: readings, what is current, results up; commands and requests down.
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

// carry shows that an upstream carries readings, what is current and results up, and commands and requests down. A
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
