package devices

import (
	"fmt"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// inFlight is one written command and what it still waits for. The reading goroutine fills it in; everything
// from acked on is guarded by the line's mu.
type inFlight struct {
	device  string // its id
	command *codec.Command
	field   string // id of the field that must read back; "": none
	want    relay.Value
	seq     int
	text    string    // the value as sent
	since   time.Time // before the first byte was written: older readings say nothing

	acked, refused bool
	message        string      // of the refusal
	fresh          relay.Value // newest reading of field since the write; null: none
	wake           chan struct{}
}

func newInFlight(device string, c *codec.Command, want relay.Value, text string, seq int) *inFlight {
	return &inFlight{device: device, command: c, field: c.Confirm, want: want, text: text, seq: seq,
		since: time.Now(), wake: make(chan struct{}, 1)}
}

// answer takes a line that may answer the command. A no counts before a yes, and only the first answer counts:
// a second one is as foreign as one that carries another number.
func (ex *inFlight) answer(line []byte) codec.Verdict {
	over := ex.acked || ex.refused
	v, message := codec.Matching(ex.command.No, line, ex.seq, ex.text)
	switch {
	case v == codec.Fits && !over:
		ex.refused, ex.message = true, message
		ex.signal()
		return codec.Fits
	case v != codec.NoAnswer:
		return codec.Foreign
	}
	v, _ = codec.Matching(ex.command.Yes, line, ex.seq, ex.text)
	switch {
	case v == codec.Fits && !over:
		ex.acked = true
		ex.signal()
		return codec.Fits
	case v != codec.NoAnswer:
		return codec.Foreign
	}
	return codec.NoAnswer
}

// read takes the readings of a frame. They are told by the field's id and not by its place: the mapping may have
// been exchanged since the command was written.
func (ex *inFlight) read(at time.Time, config *mapping.DeviceConfig, readings []relay.Reading) {
	if ex.field == "" || at.Before(ex.since) {
		return
	}
	for _, r := range readings {
		if config.Fields[r.Field].ID == ex.field && !r.Value.IsNull() {
			ex.fresh = r.Value
			ex.signal()
		}
	}
}

func (ex *inFlight) signal() {
	select {
	case ex.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// result gives the outcome if there is one before the timeout.
func (ex *inFlight) result() (o relay.Outcome, over bool) {
	c := ex.command
	switch {
	case ex.refused:
		message := ex.message
		if message == "" {
			message = "the hardware refused it"
		}
		return relay.Failed(relay.CodeRefused, message), true
	case c.Yes != nil && !ex.acked:
		return o, false
	case ex.field != "":
		return relay.Done(), shows(c, ex.fresh, ex.want)
	case c.Yes != nil:
		return relay.Done(), true
	case c.No != nil:
		return o, false // it can only say no: silence until the timeout is no answer to that
	}
	return relay.Sent(), true
}

// timedOut gives the outcome at the timeout. unanswered says that writing it again might help.
func (ex *inFlight) timedOut() (o relay.Outcome, unanswered bool) {
	c := ex.command
	switch {
	case c.Yes != nil && !ex.acked:
		return unansweredOutcome(), true
	case ex.field == "":
		return relay.Sent(), false // it was not refused, and nothing else was asked for
	}
	return unshownOutcome(ex.fresh, ex.want, c.Yes != nil), ex.fresh.IsNull()
}

// unansweredOutcome is the outcome of a command that nothing answered.
func unansweredOutcome() relay.Outcome { return relay.Unknown("the hardware did not answer in time") }

// shows says whether a reading is what a command wanted.
func shows(c *codec.Command, fresh, want relay.Value) bool {
	return !fresh.IsNull() && fresh.Matches(want, c.Tolerance(want))
}

// unshownOutcome is the outcome of a command whose effect has not shown in time. fresh is the newest reading since it was
// written; null: none.
func unshownOutcome(fresh, want relay.Value, acknowledged bool) relay.Outcome {
	switch {
	case !fresh.IsNull():
		return relay.Failed(relay.CodeMismatch, fmt.Sprintf("the hardware reads back %v instead of %v", fresh, want))
	case acknowledged:
		return relay.Unknown("it was acknowledged, but no reading has shown the effect")
	}
	return relay.Unknown("no reading has shown the effect in time")
}

// mayAnswer says whether a frame may be an answer to c, whatever number c was sent with.
func mayAnswer(c *codec.Command, text []byte, value string) bool {
	no, _ := codec.Matching(c.No, text, 0, value)
	if no != codec.NoAnswer {
		return true
	}
	yes, _ := codec.Matching(c.Yes, text, 0, value)
	return yes != codec.NoAnswer
}
