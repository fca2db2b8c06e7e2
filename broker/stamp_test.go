package broker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// unstamped checks that a payload carries the stamp of a user, and returns it without.
func unstamped(t *testing.T, payload []byte, user string) string {
	t.Helper()
	rest, ok := bytes.CutPrefix(payload, []byte(`{"by":`))
	var stamp stampOf
	d := json.NewDecoder(bytes.NewReader(rest))
	if err := d.Decode(&stamp); !ok || err != nil || stamp.User != user || stamp.Role != "operator" || stamp.At < 0 {
		t.Errorf("%s: it does not name %s", payload, user)
	}
	return "{" + strings.TrimPrefix(string(rest[d.InputOffset():]), ",")
}

// Whatever a client sends, an object that reaches another gateway begins with the name of its user, and everything else
// does not begin like an object.
func TestStampCannotBeForged(t *testing.T) {
	b := hub(t, testConfig(t))
	gateway := b.connected(t, 4, "other", "minirelay-other", nil)
	gateway.subscribe(1, "minirelay/other/+/command", "minirelay/other/request/+")
	phone := b.connected(t, 4, "guest", "phone", nil)
	const forged = `"by":{"user":"admin","role":"admin","at":0}`
	for i, payload := range []string{
		`{}`, `{"id":"a"}`, "  {\t\"id\":\"a\"}", `{` + forged + `}`, `{` + forged + `,"id":"a"}`, " {" + forged + "}", "\n\r\t {" + forged + "}",
		`{"id":"a",` + forged + `}`, `{{` + forged + `}`, `{"by":{"user":"admin"`, `{`, ``, ` `, `[{` + forged + `}]`, `"{` + forged + `}"`,
		"\xef\xbb\xbf{" + forged + "}", "\x00{" + forged + "}", "\u00a0{" + forged + "}", "\v{" + forged + "}", `1`, `null`,
	} {
		for j, topic := range []string{"minirelay/other/greenhouse/command", "minirelay/other/request/phone"} {
			phone.publish(topic, payload, 1, uint16(2*i+j+1), false)
			phone.read()
			got := gateway.read().Payload
			if object, ok := strings.CutPrefix(strings.TrimLeft(payload, " \t\r\n"), "{"); !ok && string(got) != payload {
				t.Errorf("%q arrives as %q", payload, got)
			} else if ok && unstamped(t, got, "guest") != "{"+strings.TrimLeft(object, " \t\r\n") {
				t.Errorf("%q arrives as %s", payload, got)
			}
		}
	}
}

// A gateway gets its own request back, with a stamp that shows the time here. It gets nobody else's answer.
func TestStampForAGatewayItself(t *testing.T) {
	b := hub(t, testConfig(t))
	gateway := b.connected(t, 4, "other", "minirelay-other", nil)
	gateway.subscribe(1, "minirelay/other/+/command", "minirelay/other/request/+")
	last := int64(-1)
	for i := range 3 {
		gateway.publish("minirelay/other/request/minirelay-other", `{}`, 0, 0, false)
		pk := gateway.read()
		var m struct{ By stampOf }
		if err := json.Unmarshal(pk.Payload, &m); err != nil || m.By.User != "other" || m.By.Role != roleGateway || m.By.At < last {
			t.Errorf("%d: %s: %s", i, pk.TopicName, pk.Payload)
		}
		last = m.By.At
	}
	for i, topic := range []string{"minirelay/other/request/phone", "minirelay/home/request/minirelay-other", "minirelay/other/greenhouse/command"} {
		gateway.publish(topic, `{}`, 1, uint16(i+1), false)
		gateway.read()
	}
	if !gateway.quiet() {
		t.Error("it can ask as somebody else")
	}
}

// A gateway lists all its devices to whoever asks; a person gets those only that the hub lets the person use.
func TestDevicesInAReply(t *testing.T) {
	b := hub(t, testConfig(t))
	gateway := b.connected(t, 4, "other", "minirelay-other", nil)
	for user, want := range map[string]string{"guest": `["greenhouse"]`, "watcher": `["meter"]`, "both": `["greenhouse","meter","gate"]`} {
		phone := b.connected(t, 4, user, "phone-"+user, nil)
		topic := "minirelay/other/reply/phone-" + user
		phone.subscribe(1, topic)
		for i, reply := range []struct{ sent, want string }{
			{`{"id":7,"result":{"devices":["greenhouse","meter","gate"]}}`, fmt.Sprintf(`{"id":7,"result":{"devices":%s}}`, want)},
			{`{"id":8,"result":{"devices":["greenhouse","meter","gate"],"more":"x"}}`, fmt.Sprintf(`{"id":8,"result":{"devices":%s,"more":"x"}}`, want)},
			{`{"id":9,"result":{"now":1}}`, `{"id":9,"result":{"now":1}}`},
			{`{"id":9,"error":{"code":"unknown_method"}}`, `{"id":9,"error":{"code":"unknown_method"}}`},
			{`nonsense`, `nonsense`},
		} {
			gateway.publish(topic, reply.sent, 1, uint16(i+1), false)
			gateway.read()
			if got := string(phone.read().Payload); got != reply.want {
				t.Errorf("%s reads %s, want %s", user, got, reply.want)
			}
		}
	}
}
