package devices

import (
	"time"

	"minirelay/devices/codec"
	"minirelay/relay"
)

// owed is the answers that were not waited for any longer and may still come, where nothing in an answer tells which
// command it answers: the next command must not take one for its own. It is guarded by the line's mu.
type owed struct {
	by    *codec.Command
	text  string // the value as sent
	n     int
	until time.Time     // they are not expected any more
	over  chan struct{} // closed when all of them have come
}

// owe notes that a command which has just been written was not answered; mu is held.
func (l *line) owe(ex *exchange) {
	c := ex.command
	if c.Numbered() {
		return
	}
	if l.owed == nil || l.owed.by != c {
		l.owed = &owed{by: c, over: make(chan struct{})}
	}
	l.owed.text, l.owed.until = ex.text, ex.since.Add(2*c.Timeout)
	l.owed.n++
}

// pay takes an answer that no command waits for; mu is held.
func (l *line) pay(text []byte) {
	o := l.owed
	if o == nil {
		return
	}
	no, _ := codec.Matching(o.by.No, text, 0, o.text)
	yes, _ := codec.Matching(o.by.Yes, text, 0, o.text)
	if no == codec.NoAnswer && yes == codec.NoAnswer {
		return
	}
	if o.n--; o.n == 0 {
		l.owed = nil
		close(o.over)
	}
}

// awaitOwed waits until no answer to an earlier command can be taken for one to t. An error says that the stream can be
// used no longer.
func (l *line) awaitOwed(t *relay.Task, s *session) error {
	m := l.mappingOf(t.Device())
	if m == nil {
		return nil
	}
	c := m.commands[t.Command]
	l.mu.Lock()
	o := l.owed
	l.mu.Unlock()
	if o == nil || c.Numbered() {
		return nil
	}
	wait := time.NewTimer(time.Until(earlier(o.until, t.Deadline())))
	defer wait.Stop()
	for {
		select {
		case <-o.over:
		case <-wait.C:
			l.mu.Lock()
			if l.owed == o && !time.Now().Before(o.until) {
				l.owed = nil
			}
			l.mu.Unlock()
		case <-l.ping:
			continue
		case <-s.gone:
			t.Finish(relay.Rejected(relay.CodeOffline, "the port was lost before it was written"))
			return s.err
		case <-l.kill:
			t.Finish(relay.Rejected(relay.CodeStopping, "the gateway stopped before it was written"))
			return errStopped
		}
		return nil
	}
}
