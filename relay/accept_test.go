package relay

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Every refusal of the contract; nothing enters the lane.
func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, c := range []struct{ name, payload, want string }{
		{"array", `[1,2]`, " rejected/bad_request"},
		{"no JSON", `{"id":"a",`, "a rejected/bad_request"},
		{"not UTF-8", "\xff\xfe", " rejected/bad_request"},
		{"empty", ``, " rejected/bad_request"},
		{"something behind", `{"id":"a","command":"pump","value":true}{}`, "a rejected/bad_request"},
		{"id twice", `{"id":"a","id":"b","command":"pump","value":true}`, "a rejected/bad_request"},
		{"value twice", `{"id":"a","command":"pump","value":true,"value":false}`, "a rejected/bad_request"},
		{"id a number", `{"id":1,"command":"pump","value":true}`, " rejected/bad_request"},
		{"id empty", `{"id":"","command":"pump","value":true}`, " rejected/bad_request"},
		{"id too long", `{"id":"` + long + `","command":"pump","value":true}`, " rejected/bad_request"},
		{"id behind a fault", `{"command":5,"value":1,"value":2,"expires":"soon","id":"a"}`, "a rejected/bad_request"},
		{"id in capitals is no id", `{"ID":"a","command":"pumpx","value":true}`, " rejected/unknown_command"},
		{"expires no number", `{"id":"a","command":"pump","value":true,"expires":"soon"}`, "a rejected/bad_request"},
		{"expired", `{"id":"a","command":"pump","value":true,"expires":1000}`, "a rejected/expired"},
		{"expired before 1970", `{"id":"a","command":"pump","value":true,"expires":-1}`, "a rejected/expired"},
		{"expired in 1970", `{"id":"a","command":"pump","value":true,"expires":0}`, "a rejected/expired"},
		{"expired long before", `{"id":"a","command":"pump","value":true,"expires":-1e999}`, "a rejected/expired"},
		{"id no text", `{"id":"a\ud800","command":"pump","value":true}`, " rejected/bad_request"},
		{"id not UTF-8", "{\"id\":\"a\xff\",\"command\":\"pump\",\"value\":true}", " rejected/bad_request"},
		{"value not UTF-8", "{\"id\":\"a\",\"command\":\"label\",\"value\":\"a\xff\"}", "a rejected/bad_request"},
		{"command missing", `{"id":"a","value":true}`, "a rejected/bad_request"},
		{"command empty", `{"id":"a","command":"","value":true}`, "a rejected/bad_request"},
		{"command unknown", `{"id":"a","command":"door","value":true}`, "a rejected/unknown_command"},
		{"value absent", `{"id":"a","command":"pump"}`, "a rejected/bad_value"},
		{"value null", `{"id":"a","command":"pump","value":null}`, "a rejected/bad_value"},
		{"bool as number", `{"id":"a","command":"pump","value":1}`, "a rejected/bad_value"},
		{"bool as text", `{"id":"a","command":"pump","value":"true"}`, "a rejected/bad_value"},
		{"number as text", `{"id":"a","command":"fan","value":"5"}`, "a rejected/bad_value"},
		{"number too large", `{"id":"a","command":"fan","value":101}`, "a rejected/out_of_range"},
		{"number beyond float", `{"id":"a","command":"fan","value":1e999}`, "a rejected/out_of_range"},
		{"number off the steps", `{"id":"a","command":"fan","value":7}`, "a rejected/bad_value"},
		{"number a little off the steps", `{"id":"a","command":"fan","value":50.001}`, "a rejected/bad_value"},
		{"no such choice", `{"id":"a","command":"mode","value":"boost"}`, "a rejected/bad_value"},
		{"text too long", `{"id":"a","command":"label","value":"123456789"}`, "a rejected/out_of_range"},
		{"another command in a text", `{"id":"a","command":"label","value":"x;PUMP"}`, "a rejected/bad_value"},
		{"a second line in a text", `{"id":"a","command":"label","value":"x\nPUMP"}`, "a rejected/bad_value"},
		{"value for none", `{"id":"a","command":"reset","value":true}`, "a rejected/bad_value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t)
			b.ask(c.payload)
			r := b.results(t, 1)[0]
			if r.String() != c.want || r.Message == "" || r.MS == nil || r.TS == nil || r.By != "phone" {
				t.Errorf("got %v %+v, want %s", r, r, c.want)
			}
			if b.lane.Take() != nil {
				t.Error("it is in the lane")
			}
		})
	}
}

func TestRetainedCommandIsNeverExecuted(t *testing.T) {
	b := start(t)
	b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"a","command":"pump","value":true}`), User: "phone", Retain: true})
	if r := b.results(t, 1)[0]; r.String() != "a rejected/retained" || b.lane.Take() != nil {
		t.Errorf("got %v", r)
	}
}

func TestRedeliveryWithoutIDIsNotExecuted(t *testing.T) {
	b := start(t)
	b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"command":"pump","value":true}`), User: "phone", Dup: true})
	if r := b.results(t, 1)[0]; r.String() != " rejected/bad_request" || b.lane.Take() != nil {
		t.Errorf("got %v", r)
	}
}

func TestUnknownDeviceAndOfflineDevice(t *testing.T) {
	b := start(t)
	for id, device := range map[string]string{"a": "cellar", "c": "Greenhouse"} { // the second cannot be a device at all
		b.Handle(Message{Topic: "minirelay/home/" + device + "/command", Payload: []byte(`{"id":"` + id + `","command":"pump","value":true}`), User: "phone"})
		if got := b.wire.wait(t, "minirelay/home/"+device+"/result", 1)[0]; !strings.Contains(got, `"unknown_device"`) {
			t.Error(got)
		}
	}
	b.device.Lost("unplugged")
	b.ask(`{"id":"b","command":"pump","value":true}`)
	if r := b.results(t, 1)[0]; r.String() != "b rejected/offline" {
		t.Error(r)
	}
}

func TestDoneResultAsInTheContract(t *testing.T) {
	b := start(t)
	b.ask(`{"id":"c-7f3","command":"pump","value": true}`)
	task := b.lane.Take()
	if task == nil || !task.Value.Bool() || task.Device() != b.device || task.Command != 0 {
		t.Fatalf("%+v", task)
	}
	task.Finish(Done())
	task.Finish(Failed(CodeIOError, "a second end does not count"))
	b.ask(`{"id":"end","command":"door"}`)
	if got := b.results(t, 2); got[1].ID != "end" {
		t.Errorf("%v", got)
	}
	got := b.wire.on(resultTopic)[0]
	r := b.results(t, 1)[0]
	want := fmt.Sprintf(`{"id":"c-7f3","command":"pump","value":true,"status":"done","ms":%d,"ts":%d,"by":"phone"}`, *r.MS, *r.TS)
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// A repeated id gets the first result again, even if that was a refusal, but only for the same user.
func TestSameID(t *testing.T) {
	b := start(t)
	b.ask(`{"id":"a","command":"pump","value":true}`)
	b.ask(`{"id":"a","command":"pump","value":true}`) // while the first one waits: it gets that one's result
	b.lane.Take().Finish(Done())
	b.ask(`{"id":"a","command":"pump","value":false}`)
	b.ask(`{"id":"x","command":"pump"}`)
	b.ask(`{"id":"x","command":"pump","value":true}`)
	b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"a","command":"fan","value":5}`), User: "other"})
	b.lane.Take().Finish(Sent())
	if b.lane.Take() != nil {
		t.Error("something was executed twice")
	}
	rs := b.results(t, 5)
	if got := fmt.Sprint(rs); got != "[a done a done x rejected/bad_value x rejected/bad_value a sent]" {
		t.Error(got)
	}
	for i, want := range []bool{false, true, false, true, false} {
		if rs[i].Repeat != want {
			t.Errorf("result %d: repeat is %v", i, rs[i].Repeat)
		}
	}
	if rs[1].Value != true || *rs[1].TS != *rs[0].TS {
		t.Error("the repeated result differs from the first")
	}
}

func TestSameIDAtTheSameMoment(t *testing.T) {
	b := start(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { b.ask(`{"id":"a","command":"reset"}`) })
	}
	wg.Wait()
	b.lane.Take().Finish(Sent())
	if b.lane.Take() != nil {
		t.Error("it was executed twice")
	}
}

func TestNewerValueReplacesTheWaitingOne(t *testing.T) {
	b := start(t)
	b.ask(`{"id":"1","command":"fan","value":10}`)
	b.ask(`{"id":"2","command":"pump","value":true}`)
	b.ask(`{"id":"3","command":"fan","value":20}`)
	b.ask(`{"id":"4","command":"reset"}`)
	b.ask(`{"id":"5","command":"reset"}`) // pressing twice may mean twice
	if r := b.results(t, 1)[0]; r.String() != "1 rejected/superseded" {
		t.Error(r)
	}
	b.ask(`{"id":"6","command":"mode","value":"auto"}`) // four wait already
	if r := b.results(t, 2)[1]; r.String() != "6 rejected/busy" {
		t.Error(r)
	}
	var order []string
	for task := b.lane.Take(); task != nil; task = b.lane.Take() {
		order = append(order, task.Device().Model().Commands[task.Command].ID+" "+task.Value.String())
		task.Finish(Sent())
	}
	if got := fmt.Sprint(order); got != "[pump true fan 20 reset null reset null]" {
		t.Error(got)
	}
}

func TestTooOldIsNotExecuted(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.ask(`{"id":"a","command":"pump","value":true}`)                                                                    // max_age 5 s
		b.ask(fmt.Sprintf(`{"id":"b","command":"fan","value":5,"expires":%d}`, time.Now().Add(time.Second).UnixMilli()))     // sooner
		b.ask(fmt.Sprintf(`{"id":"c","command":"mode","value":"auto","expires":%d}`, time.Now().Add(time.Hour).UnixMilli())) // later than max_age
		time.Sleep(time.Second)
		synctest.Wait()
		task := b.lane.Take()
		if got := task.Device().Model().Commands[task.Command].ID; got != "pump" || !task.InTime() {
			t.Error(got)
		}
		task.Finish(Done())
		time.Sleep(4 * time.Second)
		if task := b.lane.Take(); task != nil {
			t.Errorf("%+v", task)
		}
		synctest.Wait()
		if got := fmt.Sprint(b.results(t, 3)); got != "[b rejected/expired a done c rejected/expired]" {
			t.Error(got)
		}
	})
}

func TestExpiresInTheFarFuture(t *testing.T) {
	for i, expires := range []string{"9223372036854775807", "99999999999999999999", "1e300", "1e999", "9007199254740993.5"} {
		b := start(t)
		b.ask(fmt.Sprintf(`{"id":"%d","command":"fan","value":5,"expires":%s}`, i, expires))
		if task := b.lane.Take(); task == nil || !task.InTime() {
			t.Errorf("%s: %+v", expires, task)
		}
	}
}

func TestDeviceThatGoesOfflineWhileTheCommandWaits(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		time.Sleep(7 * time.Second)
		b.ask(`{"id":"a","command":"pump","value":true}`)
		time.Sleep(4 * time.Second)
		if b.lane.Take() != nil {
			t.Error("written to a silent device")
		}
		synctest.Wait()
		if r := b.results(t, 1)[0]; r.String() != "a rejected/offline" {
			t.Error(r)
		}
	})
}

func TestClosedLaneAndDetachedDevice(t *testing.T) {
	b := start(t)
	b.ask(`{"id":"a","command":"pump","value":true}`)
	b.lane.Close(CodeStopping, "the gateway is being stopped")
	b.ask(`{"id":"b","command":"pump","value":true}`)
	if got := fmt.Sprint(b.results(t, 2)); got != "[a rejected/stopping b rejected/stopping]" {
		t.Error(got)
	}
	b = start(t)
	b.ask(`{"id":"a","command":"pump","value":true}`)
	b.device.Detach()
	if got := fmt.Sprint(b.results(t, 1)); got != "[a rejected/unknown_device]" {
		t.Error(got)
	}
}

func TestCommandsOnTopicsOfTheUsersOwn(t *testing.T) {
	b := start(t)
	m := greenhouse
	m.Commands = append([]Command{}, m.Commands...)
	m.Commands[0].Topic = "home/pump/set"
	m.Commands[1].Topic = "home/fan/set"
	b.Attach(m, b.lane).Update(time.Now(), reading21)
	own := func(topic, payload string) bool {
		return b.Handle(Message{Topic: topic, Payload: []byte(payload), User: "phone"})
	}
	for _, p := range []string{"on", " 1 ", "TRUE", `{"id":"j","value":true}`} {
		if !own("home/pump/set", p) {
			t.Fatal("not taken")
		}
		task := b.lane.Take()
		if task == nil || !task.Value.Bool() {
			t.Fatalf("%q: %+v", p, task)
		}
		task.Finish(Sent())
	}
	own("home/fan/set", "1_0")
	own("home/fan/set", "0x1p3")
	own("home/fan/set", "NaN")
	own("home/fan/set", "200")
	own("home/fan/set", "")
	own("home/fan/set", "45")
	b.lane.Take().Finish(Sent())
	if got := fmt.Sprint(b.results(t, 9)[3:]); got != "[j sent  rejected/bad_value  rejected/bad_value  rejected/bad_value  rejected/out_of_range  sent]" {
		t.Error(got)
	}
	if own("home/elsewhere", "1") {
		t.Error("took a message that is not for it")
	}
}

func TestRequests(t *testing.T) {
	b := start(t)
	ask := func(payload string) {
		b.Handle(Message{Topic: "minirelay/home/request/c1", Payload: []byte(payload), User: "phone", Client: "c1"})
	}
	ask(`{"id":"1","method":"time"}`)
	ask(`{"id":2,"method":"dance"}`)
	ask(`nonsense`)
	ask(`{"id":4}`)
	ask(`{"id":5,"method":"me"}`) // by a way that has no roles
	me := Message{Topic: "minirelay/home/request/c1", Payload: []byte(`{"id":6,"method":"me"}`), User: "phone", Client: "c1", Role: "viewer"}
	b.Handle(me)
	me.Devices = []string{"greenhouse"}
	b.Handle(me)
	me.Devices = []string{} // not of this gateway
	b.Handle(me)
	me.Devices = []string{"greenhouse"}
	b.Arrange([]string{"relays", "greenhouse"})
	me.Payload = []byte(`{"id":7,"method":"devices"}`)
	b.Handle(me)
	ask(`{"id":8,"method":"devices"}`)
	ask("{\"id\":\"\xff\",\"method\":\"time\"}")
	got := b.wire.wait(t, "minirelay/home/reply/c1", 11)
	for i, want := range []string{`{"id":"1","result":{"now":`, `{"id":2,"error":{"code":"unknown_method",`, `{"id":null,"error":{"code":"bad_request",`, `{"id":4,"error":{"code":"bad_request",`,
		`{"id":5,"error":{"code":"unknown_method",`, `{"id":6,"result":{"user":"phone","role":"viewer"}}`, `{"id":6,"result":{"user":"phone","role":"viewer","devices":["greenhouse"]}}`,
		`{"id":6,"result":{"user":"phone","role":"viewer","devices":[]}}`,
		`{"id":7,"result":{"devices":["greenhouse"]}}`, `{"id":8,"result":{"devices":["relays","greenhouse"]}}`,
		`{"id":null,"error":{"code":"bad_request",`} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("%s, want %s…", got[i], want)
		}
	}
}

// At a hub, the broker knows the user and the other gateway knows everything else.
func TestRequestsOfAnotherGateway(t *testing.T) {
	b := start(t)
	m := Message{Topic: "minirelay/farm/request/c1", Payload: []byte(`{"id":1,"method":"me"}`), User: "phone", Client: "c1", Role: "operator",
		Devices: []string{"gate"}}
	if !b.Handle(m) {
		t.Error("the request for the user's identity was not taken")
	}
	want := `{"id":1,"result":{"user":"phone","role":"operator","devices":["gate"]}}`
	if got := b.wire.wait(t, "minirelay/farm/reply/c1", 1)[0]; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, payload := range []string{`{"id":2,"method":"time"}`, `{"id":3,"method":"dance"}`, `nonsense`, ``} {
		if m.Payload = []byte(payload); b.Handle(m) {
			t.Errorf("%q does not reach the other gateway", payload)
		}
	}
	m.Topic, m.Payload = "minirelay/farm/gate/command", []byte(`{"id":"1","command":"open","value":true}`)
	if b.Handle(m) {
		t.Error("a command does not reach the other gateway")
	}
}

// Law: any client message gets at most one answer, which is valid JSON, and enters the lane only with a value that the
// command allows.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{`{"id":"a","command":"pump","value":true}`, `{"id":"a","command":"fan","value":1e999}`, `[]`, `{"command":"label","value":"\u0000"}`} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	w := newWire()
	r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: dir}, w, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	lane := NewLane(4)
	m := greenhouse
	m.OfflineAfter = 0
	b := &bench{r, w, lane, r.Attach(m, lane)}
	f.Cleanup(func() { r.Close() })
	b.device.Update(time.Now(), reading21)
	f.Fuzz(func(t *testing.T, payload []byte) {
		w.mu.Lock()
		w.messages = nil
		w.mu.Unlock()
		b.Handle(Message{Topic: commandTopic, Payload: payload, User: "phone"})
		if task := lane.Take(); task != nil {
			c := task.Device().Model().Commands[task.Command]
			if c.Type == TypeNumber && !c.Range.Holds(task.Value.Number()) || strings.ContainsAny(task.Value.Text(), "\r\n\x00") {
				t.Fatalf("%s: %v", c.ID, task.Value)
			}
			task.Finish(Sent())
		}
		if lane.Take() != nil {
			t.Fatal("two commands out of one message")
		}
		b.results(t, 1)
	})
}

// A command that its broker should not have let through is refused here, too.
func TestForbidden(t *testing.T) {
	b := start(t)
	for i, m := range []Message{{Role: "viewer"}, {Role: "operator", Devices: []string{"meter"}}, {Role: "operator", Devices: []string{}}, {Vouched: "viewer"}} {
		m.Topic, m.Payload, m.User = commandTopic, fmt.Appendf(nil, `{"id":"%d","command":"reset"}`, i), "phone"
		b.Handle(m)
	}
	if got := fmt.Sprint(b.results(t, 4)); got != "[0 rejected/forbidden 1 rejected/forbidden 2 rejected/forbidden 3 rejected/forbidden]" || b.lane.Take() != nil {
		t.Error(got)
	}
}
