package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"
	"unicode/utf8"
)

// submission is one command on its way to its result: the request, its user, and the destination of the answer.
type submission struct {
	request
	message  Message
	device   string // its id; there need not be one
	topic    string // of the result
	received time.Time
	admitted bool // the journal expects its result
}

func (s *submission) key() commandKey { return commandKey{s.message.User, s.device, s.id} }

// command takes a command from the topic of a device that need not exist.
func (r *Relay) command(device string, m Message, received time.Time) {
	s := &submission{message: m, device: device, topic: r.topics.Device(device, "result"), received: received}
	q, err := parseRequest(m.Payload)
	s.request = q
	if r.turnedAway(s) {
		return
	}
	if err != nil {
		r.answer(s, Rejected(CodeBadRequest, err.Error()))
		return
	}
	if q.command == "" {
		r.answer(s, Rejected(CodeBadRequest, "the command's name is missing"))
		return
	}
	if m.Role == "viewer" || m.Vouched == "viewer" || m.Devices != nil && !slices.Contains(m.Devices, device) {
		r.answer(s, Rejected(CodeForbidden, "you may not command this device")) // its broker should not have let it through
		return
	}
	r.mu.RLock()
	d := r.devices[device]
	r.mu.RUnlock()
	if d == nil {
		r.answer(s, Rejected(CodeUnknownDevice, "there is no such device"))
		return
	}
	for i, c := range d.model.Commands {
		if c.ID == q.command {
			v, refusal := c.parse(q.value)
			r.accept(s, d, i, v, refusal)
			return
		}
	}
	r.answer(s, Rejected(CodeUnknownCommand, "the device has no such command"))
}

// ownCommand takes a command from a topic of the user's own: the bare value, or the same object as above.
func (r *Relay) ownCommand(t target, m Message, received time.Time) {
	c := &t.device.model.Commands[t.command]
	s := &submission{message: m, device: t.device.model.Device, topic: t.device.topics.result, received: received}
	s.command = c.ID
	if len(m.Payload) == 0 {
		return // how a client deletes a retained message: not a command
	}
	if bytes.HasPrefix(bytes.TrimSpace(m.Payload), []byte("{")) {
		q, err := parseRequest(m.Payload)
		if err != nil && c.Type == TypeText && !json.Valid(m.Payload) {
			if r.turnedAway(s) {
				return
			}
			v, refusal := c.parseBare(m.Payload)
			r.accept(s, t.device, t.command, v, refusal)
			return
		}
		if q.command == "" {
			q.command = c.ID
		}
		s.request = q
		switch {
		case r.turnedAway(s):
		case err != nil:
			r.answer(s, Rejected(CodeBadRequest, err.Error()))
		case q.command != c.ID:
			r.answer(s, Rejected(CodeUnknownCommand, "this topic is for another command"))
		default:
			v, refusal := c.parse(q.value)
			r.accept(s, t.device, t.command, v, refusal)
		}
		return
	}
	if r.turnedAway(s) {
		return
	}
	v, refusal := c.parseBare(m.Payload)
	if refusal == nil && c.Type != TypeNone {
		s.value = v.AppendJSON(nil, -1)
	}
	r.accept(s, t.device, t.command, v, refusal)
}

// turnedAway reports whether nothing more is to be done about a command: its id is known, or its person gives more
// commands than anybody needs. A known id is never answered busy, which would mean that nothing was written.
func (r *Relay) turnedAway(s *submission) bool {
	allowed := r.allowances.mayAsk(s.message.User)
	if r.repeated(s, allowed) {
		return true
	}
	if !allowed {
		r.busy(s)
	}
	return !allowed
}

// repeated reports whether the id of a command is already known. If so, answered means that the first result is
// published again. If the first result is still pending, the repetition gets it too.
func (r *Relay) repeated(s *submission, answered bool) bool {
	if s.id == "" {
		return false
	}
	seen, result := r.journal.find(s.key(), waiter{s.message.Respond, s.message.Correlation, r.origin(s.message)})
	if seen == known && answered {
		repeat := append(bytes.Clone(result[:len(result)-1]), `,"repeat":true}`...)
		r.publishResult(s, repeat)
	}
	return seen != unseen
}

// busy answers a command that is not handled, without remembering it: the same id may be sent again. Only its sender
// needs the answer. A command without an id gets none; the log says once that there are such commands.
func (r *Relay) busy(s *submission) {
	answer, first := r.allowances.mayHear(s.message.User)
	if first {
		r.log.Warn("too many commands come from one person; the rest is not executed", "user", s.message.User, "topic", cut(s.message.Topic, maxID))
	}
	if s.id == "" || !answer {
		return
	}
	out := Rejected(CodeBusy, "too many commands at once; try again in a moment")
	r.counted.add(out, 0)
	payload := appendResult(nil, report{id: s.id, command: cut(s.command, maxID), value: s.echo(), by: s.message.User, at: time.Now()}, out)
	r.outlet.put(outgoing{topic: s.topic, payload: payload, volatile: true, detail: only(r.origin(s.message))})
	if s.message.Respond != "" {
		r.outlet.put(outgoing{topic: s.message.Respond, payload: payload, volatile: true,
			detail: &detail{to: r.origin(s.message), correlation: s.message.Correlation}})
	}
}

// accept decides whether a well-formed command goes to the hardware, remembers it and puts it into the lane.
func (r *Relay) accept(s *submission, d *Device, command int, v Value, refusal *Outcome) {
	if refusal == nil {
		refusal = r.objection(s, d)
	}
	if refusal != nil {
		r.answer(s, *refusal)
		return
	}
	if s.value != nil {
		s.value = v.AppendJSON(nil, -1) // as the codec reads it, and no longer than necessary
	}
	maxAge := d.model.Commands[command].MaxAge
	if s.expires != 0 {
		// The client's time is wall-clock time; from here on only the monotonic clock counts.
		maxAge = min(maxAge, time.UnixMilli(s.expires).Sub(s.received))
	}
	// A device that has come online since the command was sent may be commanded; one that goes away from now on may not.
	accepted := s.message.Arrived
	if accepted.IsZero() {
		accepted = s.received
	}
	t := &Task{Command: command, Value: v, device: d, person: s.message.User, accepted: accepted, deadline: s.received.Add(maxAge)}
	t.finish = func(out Outcome) { r.answer(s, out) }
	if !t.InTime() { // it was on its way for too long
		t.Finish(Expired())
		return
	}
	if s.id != "" && !r.admit(s, t) {
		return
	}
	if out, ok := d.lane.put(t); !ok {
		t.Finish(out)
	}
}

// admit remembers a command before it is executed. If that is not possible, it answers the command and returns false.
func (r *Relay) admit(s *submission, t *Task) bool {
	if !r.allowances.mayLast(s.message.User, len(s.id)+len(s.value)) {
		r.busy(s)
		return false
	}
	ok, err := r.journal.admit(record{User: s.message.User, Device: s.device, ID: s.id, At: s.received.UnixMilli(),
		Up: r.journal.upAt(s.received), Topic: s.topic, Name: s.command, Value: s.echo()}, s.received)
	if !ok && err == nil {
		r.repeated(s, true) // the same command arrived at the same moment by another route
		return false
	}
	s.admitted = ok
	switch {
	case errors.Is(err, errDoubt):
		t.Finish(Rejected(CodeBusy, "the gateway has lost a part of its memory of commands, so it does not know whether it has executed this one already"))
	case err != nil:
		t.Finish(Rejected(CodeBusy, "the gateway cannot remember the command ("+reason(err)+"), so it does not execute it"))
	}
	return err == nil
}

// objection returns the reason why no command may be executed at the moment; nil if there is none.
func (r *Relay) objection(s *submission, d *Device) *Outcome {
	var out Outcome
	switch {
	case s.message.Retain:
		out = Rejected(CodeRetained, "a retained command is never executed; send it without the retain flag")
	case s.message.Dup && s.id == "":
		out = Rejected(CodeBadRequest, "it was sent a second time without an id, so it is not known whether the first was executed")
	case s.expires != 0 && time.UnixMilli(s.expires).Before(s.received):
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
func (r *Relay) answer(s *submission, out Outcome) {
	now := time.Now()
	r.counted.add(out, now.Sub(s.received))
	result := appendResult(make([]byte, 0, 192), report{id: s.id, command: cut(s.command, maxID), value: s.echo(),
		by: s.message.User, took: now.Sub(s.received), at: now}, out)
	var waiters []waiter
	switch {
	case s.admitted:
		waiters = r.journal.settle(s.key(), result, out.Status == StatusRejected)
	case s.id != "" && !r.journal.refuse(s.key(), result):
		// The same command has arrived by another route meanwhile: there is only one first result, and that one counts.
		r.repeated(s, true)
		return
	}
	r.publishResult(s, result)
	for _, w := range waiters {
		r.outlet.put(outgoing{topic: w.topic, payload: result, detail: &detail{to: w.to, correlation: w.correlation}})
	}
}

func (r *Relay) publishResult(s *submission, result []byte) {
	r.outlet.put(outgoing{topic: s.topic, payload: result})
	if s.message.Respond != "" {
		r.outlet.put(outgoing{topic: s.message.Respond, payload: result,
			detail: &detail{to: r.origin(s.message), correlation: s.message.Correlation}})
	}
}

// maxEcho is the longest value that a result repeats, in bytes of JSON. It has room for the longest text.
const maxEcho = 2048

// echo is the value as the client sent it, in compact JSON; nil if there is none, or too much of it.
func (s *submission) echo() json.RawMessage {
	if s.value == nil || len(s.value) > maxEcho {
		return nil
	}
	var b bytes.Buffer
	var v any // a number that no client could read is not worth echoing
	if json.Compact(&b, s.value) != nil || !utf8.Valid(b.Bytes()) || json.Unmarshal(s.value, &v) != nil {
		return nil
	}
	return b.Bytes()
}

// ownTopics returns the user's own topics on which the device publishes.
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
