package devices

import (
	"fmt"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// execute runs one command to its one outcome. An error says that the stream can be used no longer.
func (l *line) execute(t *relay.Task, s *session) error {
	if m := l.mappingOf(t.Device()); m != nil {
		if err := l.awaitLate(t, s, toCommand(t, m.commands[t.Command], "")); err != nil {
			return err
		}
	}
	m := l.mappingFor(t, s)
	if m == nil {
		return nil
	}
	c := m.commands[t.Command]
	text, err := c.Wire(t.Value)
	if err != nil {
		t.Finish(relay.Rejected(relay.CodeOutOfRange, err.Error()))
		return nil
	}
	var before relay.Outcome // of the try before
	for try := 0; ; try++ {
		o, again, err := l.attempt(s, m, c, t, text, try)
		if try > 0 && o.Code == relay.CodeExpired {
			o = before // it was written then
		}
		before = o
		if try > 0 && (o.Code == relay.CodeRefused || o.Code == relay.CodeIOError) {
			// What became of the earlier write is still not known.
			o = relay.Unknown("an earlier try went unanswered, then: " + o.Message)
		}
		if !again || err != nil || try >= c.Retries || l.stopping() || !t.InTime() {
			t.Finish(o)
			return err
		}
	}
}

// attempt writes the command once and waits for what became of it. again says that nothing answered. A command of which
// nothing has left in time is expired.
func (l *line) attempt(s *session, m *attached, c *codec.Command, t *relay.Task, text string, try int) (o relay.Outcome, again bool, broken error) {
	seq, q := l.nextSeq(), toCommand(t, c, text)
	l.out = m.codec.AddSum(c.Append(l.out[:0], text, seq))
	ex := newExchange(m.config.ID, c, t.Value, text, seq)
	l.expectLate(q, false, lateBy(ex.since, c.Timeout)) // written once more, it may be answered twice
	l.expectAnswer(ex)                                  // before the first byte: the answer may be faster than this goroutine
	defer l.expectAnswer(nil)

	if try == 0 && !t.Begin() || !t.InTime() { // the frame that was being taken had to wait
		return relay.Expired(), false, nil
	}
	n, err := l.writeBy(s, l.out, t.Deadline())
	if err != nil || n < len(l.out) {
		if n == 0 && err == serial.ErrStuck && !t.InTime() {
			return relay.Expired(), false, nil
		}
		if err == nil {
			err = fmt.Errorf("only %d of %d bytes could be written", n, len(l.out))
		}
		if n == 0 {
			return relay.Failed(relay.CodeIOError, "nothing could be written to the port"), false, err
		}
		return relay.Unknown("the connection broke while it was being written"), false, err
	}
	timer := time.NewTimer(c.Timeout)
	defer timer.Stop()
	for {
		if o, over := l.resultOf(ex); over {
			return o, false, nil
		}
		select {
		case <-ex.wake:
		case <-l.ping:
		case <-timer.C:
			l.mu.Lock()
			if o, again = ex.timedOut(); again {
				l.late.expect(q, true, lateBy(ex.since, c.Timeout))
			}
			l.mu.Unlock()
			return o, again, nil
		case <-s.gone:
			// The reader may have taken the answer just before the end.
			if o, over := l.resultOf(ex); over {
				return o, false, s.err
			}
			return relay.Unknown("the connection broke before an answer came"), false, s.err
		case <-l.kill:
			return relay.Unknown("the gateway stopped before an answer came"), false, errStopped
		}
	}
}

// writeBy writes b, of which no byte may leave after by, and shows it before: the answer may be faster than this goroutine.
func (l *line) writeBy(s *session, b []byte, by time.Time) (int, error) {
	l.count.Tap.Bytes(time.Now(), true, b)
	l.driver.begin()
	n, err := serial.WriteBy(s.stream, b, by)
	l.driver.end()
	l.count.Sent.Add(uint64(n))
	return n, err
}

// mappingFor is the mapping by which t is to be written; nil if it cannot be, which has been answered then: the lane may
// still hold what was accepted before the port was lost, or for another mapping.
func (l *line) mappingFor(t *relay.Task, s *session) *attached {
	m := l.mappingOf(t.Device())
	switch {
	case m == nil:
		t.Finish(relay.Rejected(relay.CodeBusy, "the device's configuration has just been changed; ask again"))
	case s.ended() || !t.Device().Online():
		t.Finish(relay.Rejected(relay.CodeOffline, "the device went offline before it was written"))
		m = nil
	}
	return m
}

// mappingOf is the mapping that is attached as d; nil if it is another one by now.
func (l *line) mappingOf(d *relay.Device) *attached {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.mappings {
		if m.device == d {
			return m
		}
	}
	return nil
}

func (l *line) expectAnswer(ex *exchange) {
	l.mu.Lock()
	l.exchange = ex
	l.mu.Unlock()
}

func (l *line) resultOf(ex *exchange) (relay.Outcome, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ex.result()
}

// nextSeq gives 1 … 9999 in turn. It begins anywhere, so that answers to an earlier run of the gateway, or of the
// board, do not fit by chance.
func (l *line) nextSeq() int {
	l.seq = l.seq%codec.MaxSeq + 1
	return l.seq
}
