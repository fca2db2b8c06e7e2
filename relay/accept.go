package relay

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// order is one command on its way to its result: what was asked, by whom, and where the answer goes.
type order struct {
	request
	message  Message
	topic    string // of the result
	received time.Time
	admitted bool // the memory expects its result
}

func (o *order) key() commandKey { return commandKey{o.message.User, o.id} }

// command takes a command from the topic of a device that need not exist.
func (r *Relay) command(device string, m Message, received time.Time) {
	o := &order{message: m, topic: r.topics.Device(device, "result"), received: received}
	q, err := parseRequest(m.Payload)
	o.request = q
	if r.repeated(o) {
		return
	}
	if err != nil {
		r.answer(o, Rejected(CodeBadRequest, err.Error()))
		return
	}
	if q.command == "" {
		r.answer(o, Rejected(CodeBadRequest, "the command's name is missing"))
		return
	}
	r.mu.RLock()
	d := r.devices[device]
	r.mu.RUnlock()
	if d == nil {
		r.answer(o, Rejected(CodeUnknownDevice, "there is no such device"))
		return
	}
	for i, c := range d.model.Commands {
		if c.ID == q.command {
			v, refusal := c.parse(q.value)
			r.accept(o, d, i, v, refusal)
			return
		}
	}
	r.answer(o, Rejected(CodeUnknownCommand, "the device has no such command"))
}

// ownCommand takes a command from a topic of the user's own: the bare value, or the same object as above.
func (r *Relay) ownCommand(t target, m Message, received time.Time) {
	c := &t.device.model.Commands[t.command]
	o := &order{message: m, topic: t.device.topics.result, received: received}
	o.command = c.ID
	if len(m.Payload) == 0 {
		return // what a client sends to delete a retained message: it asks for nothing
	}
	if bytes.HasPrefix(bytes.TrimSpace(m.Payload), []byte("{")) {
		q, err := parseRequest(m.Payload)
		if err != nil && c.Type == TypeText && !json.Valid(m.Payload) {
			v, refusal := c.parseBare(m.Payload)
			r.accept(o, t.device, t.command, v, refusal)
			return
		}
		if q.command == "" {
			q.command = c.ID
		}
		o.request = q
		switch {
		case r.repeated(o):
		case err != nil:
			r.answer(o, Rejected(CodeBadRequest, err.Error()))
		case q.command != c.ID:
			r.answer(o, Rejected(CodeUnknownCommand, "this topic is for another command"))
		default:
			v, refusal := c.parse(q.value)
			r.accept(o, t.device, t.command, v, refusal)
		}
		return
	}
	v, refusal := c.parseBare(m.Payload)
	if refusal == nil && c.Type != TypeNone {
		o.value = v.AppendJSON(nil, -1)
	}
	r.accept(o, t.device, t.command, v, refusal)
}

// repeated answers a command whose id has been seen before with the first result again. One whose first result
// is still to come gets that one.
func (r *Relay) repeated(o *order) bool {
	if o.id == "" {
		return false
	}
	seen, result := r.memory.look(o.key(), waiter{o.message.Respond, o.message.Correlation, r.origin(o.message)})
	if seen == known {
		repeat := append(bytes.Clone(result[:len(result)-1]), `,"repeat":true}`...)
		r.publishResult(o, repeat)
	}
	return seen != unseen
}

// accept decides whether a well-formed command goes to the hardware, remembers it and puts it into the lane.
func (r *Relay) accept(o *order, d *Device, command int, v Value, refusal *Outcome) {
	if refusal == nil {
		refusal = r.objection(o, d)
	}
	if refusal != nil {
		r.answer(o, *refusal)
		return
	}
	if o.value != nil {
		o.value = v.AppendJSON(nil, -1) // as it is understood, and no longer than it must be
	}
	maxAge := d.model.Commands[command].MaxAge
	if o.expires != 0 {
		// The client's word is a time of the wall clock; from here on only the monotonic one counts.
		maxAge = min(maxAge, time.UnixMilli(o.expires).Sub(o.received))
	}
	t := &Task{Command: command, Value: v, device: d, accepted: o.received, deadline: o.received.Add(maxAge)}
	t.finish = func(out Outcome) { r.answer(o, out) }
	if o.id != "" {
		ok, err := r.memory.admit(record{User: o.message.User, ID: o.id, At: o.received.UnixMilli(),
			Topic: o.topic, Name: o.command, Value: o.echo()}, o.received)
		if !ok && err == nil {
			r.repeated(o) // it came at the same moment by another way
			return
		}
		o.admitted = ok
		if err != nil {
			t.Finish(Rejected(CodeBusy, "the gateway cannot remember the command ("+reason(err)+"), so it does not execute it"))
			return
		}
	}
	if out, ok := d.lane.put(t); !ok {
		t.Finish(out)
	}
}

// objection says what forbids any command at this moment; nil if nothing does.
func (r *Relay) objection(o *order, d *Device) *Outcome {
	var out Outcome
	switch {
	case o.message.Retain:
		out = Rejected(CodeRetained, "a retained command is never executed; send it without the retain flag")
	case o.message.Dup && o.id == "":
		out = Rejected(CodeBadRequest, "it was sent a second time without an id, so nobody can know whether the first was executed")
	case o.expires != 0 && time.UnixMilli(o.expires).Before(o.received):
		out = Rejected(CodeExpired, "it came too late; check the phone's clock if this happens again and again")
	case r.stopping.Load():
		out = Rejected(CodeStopping, "the gateway is being stopped")
	case !d.Online():
		out = offline()
	default:
		return nil
	}
	return &out
}

// answer publishes the one final result and remembers it.
func (r *Relay) answer(o *order, out Outcome) {
	now := time.Now()
	r.counted.add(out, now.Sub(o.received))
	result := appendResult(make([]byte, 0, 192), report{id: o.id, command: cut(o.command, maxID), value: o.echo(),
		by: o.message.User, took: now.Sub(o.received), at: now}, out)
	var waiters []waiter
	switch {
	case o.admitted:
		waiters = r.memory.settle(o.key(), result)
	case o.id != "" && !r.memory.refuse(o.key(), result):
		// The same command has come by another way meanwhile: there is one first result, and it is that one's.
		r.repeated(o)
		return
	}
	r.publishResult(o, result)
	for _, w := range waiters {
		r.outlet.put(outgoing{topic: w.topic, payload: result, aside: &aside{to: w.to, correlation: w.correlation}})
	}
}

func (r *Relay) publishResult(o *order, result []byte) {
	r.outlet.put(outgoing{topic: o.topic, payload: result})
	if o.message.Respond != "" {
		r.outlet.put(outgoing{topic: o.message.Respond, payload: result,
			aside: &aside{to: r.origin(o.message), correlation: o.message.Correlation}})
	}
}

// maxEcho is the longest value that a result repeats, in bytes of JSON. It has room for the longest text.
const maxEcho = 2048

// echo is the value as the client sent it, in compact JSON; nil if there is none, or too much of it.
func (o *order) echo() json.RawMessage {
	if o.value == nil || len(o.value) > maxEcho {
		return nil
	}
	var b bytes.Buffer
	var v any // a number that no client could read is no good echo
	if json.Compact(&b, o.value) != nil || !utf8.Valid(b.Bytes()) || json.Unmarshal(o.value, &v) != nil {
		return nil
	}
	return b.Bytes()
}

// ownTopics gives the topics of the user's own on which the device publishes.
func (d *Device) ownTopics() iter.Seq[string] {
	return func(yield func(string) bool) {
		if d.model.Topic != "" && !yield(d.model.Topic) {
			return
		}
		for _, f := range d.model.Fields {
			if f.Topic != "" && !yield(f.Topic) {
				return
			}
		}
	}
}

// cut keeps the first n characters of s.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// filterMatches says whether an MQTT filter holds a topic (MQTT 3.1.1, section 4.7).
func filterMatches(filter, topic string) bool {
	if group, ok := strings.CutPrefix(filter, "$share/"); ok {
		_, filter, _ = strings.Cut(group, "/") // MQTT 5, section 4.8.2
	}
	for {
		f, fRest, fMore := strings.Cut(filter, "/")
		t, tRest, tMore := strings.Cut(topic, "/")
		switch {
		case f == "#":
			return true
		case f != "+" && f != t:
			return false
		case !fMore && !tMore:
			return true
		case !tMore:
			return fRest == "#" // a/# holds a too
		case !fMore:
			return false
		}
		filter, topic = fRest, tRest
	}
}
