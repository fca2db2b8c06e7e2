package devices

import (
	"fmt"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// inFlight is one written command and what it still waits for. The reading goroutine fills it in; the fields from acked
// on are guarded by the line's mu.
type inFlight struct {
	device  string // its id
	command *codec.Command
	field   string // id of the field whose reading confirms the command; "": none
	want    relay.Value
	seq     int
	text    string    // the value as written
	since   time.Time // a time before the first byte was written: older readings show nothing

	acked, refused bool
	message        string      // of the refusal
	fresh          relay.Value // newest reading of field since the write; null: none
	wake           chan struct{}
}

func newInFlight(device string, c *codec.Command, want relay.Value, text string, seq int) *inFlight {
	return &inFlight{device: device, command: c, field: c.Confirm, want: want, text: text, seq: seq,
		since: time.Now(), wake: make(chan struct{}, 1)}
}

// answer judges a frame that may answer the command. A refusal is looked for before an acknowledgement, and only the
// first answer counts: a second one is as foreign as one that carries another number.
func (sent *inFlight) answer(line []byte) codec.Verdict {
	over := sent.acked || sent.refused
	v, message := codec.Matching(sent.command.No, line, sent.seq, sent.text)
	switch {
	case v == codec.Fits && !over:
		sent.refused, sent.message = true, message
		sent.signal()
		return codec.Fits
	case v != codec.NoAnswer:
		return codec.Foreign
	}
	v, _ = codec.Matching(sent.command.Yes, line, sent.seq, sent.text)
	switch {
	case v == codec.Fits && !over:
		sent.acked = true
		sent.signal()
		return codec.Fits
	case v != codec.NoAnswer:
		return codec.Foreign
	}
	return codec.NoAnswer
}

// read takes the readings of a frame. The field is found by its id and not by its place: the device may have been
// replaced since the command was written.
func (sent *inFlight) read(at time.Time, config *mapping.DeviceConfig, readings []relay.Reading) {
	if sent.field == "" || at.Before(sent.since) {
		return
	}
	for _, r := range readings {
		if config.Fields[r.Field].ID == sent.field && !r.Value.IsNull() {
			sent.fresh = r.Value
			sent.signal()
		}
	}
}

func (sent *inFlight) signal() {
	select {
	case sent.wake <- struct{}{}:
	default: // the waiting goroutine is already woken
	}
}

// result returns the outcome, if there is one before the timeout.
func (sent *inFlight) result() (o relay.Outcome, over bool) {
	c := sent.command
	switch {
	case sent.refused:
		message := sent.message
		if message == "" {
			message = "the hardware refused it"
		}
		return relay.Failed(relay.CodeRefused, message), true
	case c.Yes != nil && !sent.acked:
		return o, false
	case sent.field != "":
		return relay.Done(), shows(c, sent.fresh, sent.want)
	case c.Yes != nil:
		return relay.Done(), true
	case c.No != nil:
		return o, false // only a refusal would be an answer: wait for one until the timeout
	}
	return relay.Sent(), true
}

// timedOut returns the outcome at the timeout. unanswered means that a second write may help.
func (sent *inFlight) timedOut() (o relay.Outcome, unanswered bool) {
	c := sent.command
	switch {
	case c.Yes != nil && !sent.acked:
		return unansweredOutcome(), true
	case sent.field == "":
		return relay.Sent(), false // no refusal has come, and the description names no other proof
	}
	// An acknowledged command is never written again: the hardware has carried it out, whatever a reading shows.
	return unshownOutcome(sent.fresh, sent.want, sent.acked), sent.fresh.IsNull() && !sent.acked
}

// unansweredOutcome is the outcome of a command without an answer.
func unansweredOutcome() relay.Outcome { return relay.Unknown("the hardware did not answer in time") }

// shows reports whether a reading shows the value that a command asked for, within its tolerance.
func shows(c *codec.Command, fresh, want relay.Value) bool {
	return !fresh.IsNull() && fresh.Matches(want, c.Tolerance(want))
}

// unshownOutcome is the outcome of a command whose effect no reading has shown in time. fresh is the newest reading
// since the command was written; null: none.
func unshownOutcome(fresh, want relay.Value, acknowledged bool) relay.Outcome {
	switch {
	case !fresh.IsNull():
		return relay.Failed(relay.CodeMismatch, fmt.Sprintf("the hardware reads back %v instead of %v", fresh, want))
	case acknowledged:
		return relay.Unknown("it was acknowledged, but no reading has shown the effect")
	}
	return relay.Unknown("no reading has shown the effect in time")
}

// mayAnswer reports whether a frame may be an answer to c, with any sequence number. value is the value as written; "":
// any.
func mayAnswer(c *codec.Command, text []byte, value string) bool {
	no, _ := codec.Matching(c.No, text, 0, value)
	if no != codec.NoAnswer {
		return true
	}
	yes, _ := codec.Matching(c.Yes, text, 0, value)
	return yes != codec.NoAnswer
}
