package relay

import (
	"strings"
	"testing"
	"time"
)

// all returns every message received so far.
func (w *wire) all() []outgoing {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]outgoing(nil), w.messages...)
}

// A new publisher receives the retained messages, then everything from then on, and nothing once it has left.
func TestJoinAndLeave(t *testing.T) {
	b := start(t)
	b.wire.wait(t, stateTopic, 2) // unknown, then the first
	far := newWire()
	b.Join(far)
	b.device.Update(time.Now(), []Reading{{0, NumberValue(22)}})
	states := far.wait(t, stateTopic, 2)
	if !strings.Contains(states[0], `"temperature":21.5`) || !strings.Contains(states[1], `"temperature":22`) {
		t.Errorf("%q", states)
	}
	for topic, payload := range map[string]string{"minirelay/home/status": "online", "minirelay/home/info": `"gateway":"home"`,
		"minirelay/home/greenhouse/model": `"device":"greenhouse"`, "minirelay/home/greenhouse/availability": "online"} {
		if got := far.wait(t, topic, 1); !strings.Contains(got[0], payload) {
			t.Errorf("%s: %q", topic, got)
		}
	}
	if n := len(b.wire.on(stateTopic)); n != 3 {
		t.Errorf("the first publisher got %d states", n)
	}
	b.Leave(far)
	if got := far.on("minirelay/home/status"); got[len(got)-1] != "offline" {
		t.Errorf("%q", got)
	}
	before := len(far.all())
	b.device.Update(time.Now(), []Reading{{0, NumberValue(23)}})
	b.wire.wait(t, stateTopic, 4)
	if n := len(far.all()); n != before {
		t.Errorf("%d more messages came", n-before)
	}
}

// broken is a publisher that accepts nothing.
type broken struct{ calls chan struct{} }

func (b *broken) Publish(string, []byte, byte, bool, []byte) error {
	select {
	case b.calls <- struct{}{}:
	default:
	}
	return errTooMany
}

// A failing publisher costs the others nothing.
func TestPublishersDoNotKnowOfEachOther(t *testing.T) {
	b := start(t)
	bad, good := &broken{calls: make(chan struct{}, 1)}, newWire()
	b.Join(bad)
	b.Join(good)
	b.device.Update(time.Now(), []Reading{{0, NumberValue(1)}})
	good.wait(t, stateTopic, 2)
	b.wire.wait(t, stateTopic, 3)
	<-bad.calls
}

// The answer to a request goes back to where it was asked, a result goes everywhere, and each upstream has ids of its
// own.
func TestVia(t *testing.T) {
	b := start(t)
	far := newWire()
	b.Join(far)
	b.Handle(Message{Topic: "minirelay/home/request/c9", Payload: []byte(`{"id":1,"method":"time"}`), User: "upstream:cloud", Via: far})
	far.wait(t, "minirelay/home/reply/c9", 1)
	if got := b.wire.on("minirelay/home/reply/c9"); len(got) > 0 {
		t.Errorf("%q", got)
	}
	command := []byte(`{"id":"x","command":"pump","value":true}`)
	b.Handle(Message{Topic: commandTopic, Payload: command, User: "upstream:cloud", Via: far})
	b.lane.Take().Finish(Done())
	b.Handle(Message{Topic: commandTopic, Payload: command, User: "phone"})
	if task := b.lane.Take(); task == nil {
		t.Fatal("the same id from somebody else is another command")
	} else {
		task.Finish(Done())
	}
	b.Handle(Message{Topic: commandTopic, Payload: command, User: "upstream:cloud", Via: far})
	for _, w := range []*wire{b.wire, far} {
		got := w.wait(t, resultTopic, 3)
		if !strings.Contains(got[0], `"by":"upstream:cloud"`) || !strings.Contains(got[1], `"by":"phone"`) || !strings.Contains(got[2], `"repeat":true`) {
			t.Errorf("%q", got)
		}
	}
}

// A command that arrives in a crowd is answered to its sender alone and not remembered: the same id may come again.
func TestBusy(t *testing.T) {
	b := start(t)
	far := newWire()
	b.Join(far)
	m := Message{Topic: commandTopic, Payload: []byte(`{"id":"x","command":"pump","value":true}`), User: "upstream:cloud", Via: far}
	b.Busy(m)
	if got := far.wait(t, resultTopic, 1); !strings.Contains(got[0], `"status":"rejected","code":"busy"`) {
		t.Errorf("%q", got)
	}
	for _, payload := range []string{"", "{", `{"command":"pump"}`, `[]`} {
		b.Busy(Message{Topic: commandTopic, Payload: []byte(payload), Via: far})
	}
	b.Busy(Message{Topic: "minirelay/home/request/c", Payload: m.Payload, Via: far})
	b.Handle(m)
	if task := b.lane.Take(); task == nil {
		t.Error("it was remembered")
	} else {
		task.Finish(Done())
	}
	far.wait(t, resultTopic, 2)
	if n := len(b.wire.wait(t, resultTopic, 1)); n != 1 {
		t.Errorf("%d results at the first publisher", n)
	}
}

// A command that waited on its way into the relay, for example behind a hanging disk, keeps its age.
func TestReceivedBefore(t *testing.T) {
	b := start(t)
	b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"x","command":"pump","value":true}`), User: "upstream:cloud",
		Received: time.Now().Add(-6 * time.Second)})
	if task := b.lane.Take(); task != nil {
		t.Error("it would be executed")
	}
	if r := b.results(t, 1)[0]; r.String() != "x rejected/expired" {
		t.Error(r)
	}
}
