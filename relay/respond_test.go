package relay

import (
	"slices"
	"strings"
	"testing"
)

func TestResponseTopic(t *testing.T) {
	b := start(t)
	b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"a","command":"reset"}`), User: "phone",
		Respond: "phone/answers", Correlation: []byte("7")})
	b.lane.Take().Finish(Sent())
	got := b.wire.wait(t, "phone/answers", 1)
	if got[0] != b.wire.on(resultTopic)[0] {
		t.Error(got)
	}
	b.wire.mu.Lock()
	defer b.wire.mu.Unlock()
	if last := b.wire.messages[len(b.wire.messages)-1]; string(last.detail.correlation) != "7" || last.retain {
		t.Errorf("%+v", last)
	}
}

// The gateway answers no client on a topic on which it speaks itself, or hears commands.
func TestResponseTopicOfTheGatewaysOwn(t *testing.T) {
	b := start(t)
	m := greenhouse
	m.Commands, m.Fields = slices.Clone(m.Commands), slices.Clone(m.Fields)
	m.Topic, m.Fields[0].Topic, m.Commands[0].Topic = "home/greenhouse", "home/temperature", "home/pump/set"
	b.device = b.Attach(m, b.lane)
	for _, topic := range []string{stateTopic, "minirelay/home/info", commandTopic, "home/greenhouse", "home/temperature", "home/pump/set", "home/answers"} {
		before := len(b.wire.on("minirelay/home/reply/c1"))
		b.Handle(Message{Topic: "minirelay/home/request/c1", Payload: []byte(`{"id":"7","method":"time"}`), Role: "viewer", Client: "c1", Respond: topic})
		b.wire.wait(t, "minirelay/home/reply/c1", before+1)
	}
	b.wire.wait(t, "home/answers", 1) // the last one
	for _, topic := range []string{stateTopic, "minirelay/home/info", commandTopic, "home/greenhouse", "home/temperature", "home/pump/set"} {
		for _, payload := range b.wire.on(topic) {
			if strings.Contains(payload, `"now"`) {
				t.Errorf("%s has the answer %s", topic, payload)
			}
		}
	}
}
