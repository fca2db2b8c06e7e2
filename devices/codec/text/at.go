package text

import (
	"bytes"
	"math/rand/v2"
	"regexp"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
)

// atPoller makes requests that a device answers with lines of text. It serves the owner of the port.
type atPoller struct {
	readings
	config                mapping.DeviceConfig
	separator             byte // of columns in an answer
	until, refuse, ignore *regexp.Regexp
	fields                []atField
	queries               []*codec.Query
	byField               []*codec.Query // by field
	seq                   int

	echoes   bool                    // the device repeats each line before its answer
	unechoed int                     // since then, answers in a row without
	written  map[string]bool         // the lines of all queries, and of the last commands
	commands [rememberedLines]string // the latter, in turn
	next     int
}

// rememberedLines is how many lines of commands are remembered: their answers may still come.
const rememberedLines = 8

// NewAT returns the poller of codec at. tap receives what it drops.
func NewAT(c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	a := &atPoller{readings: newReadings(c, tap), config: c, separator: csvSeparator(c), seq: rand.IntN(codec.MaxSeq),
		until: expressionOf(c.Until), refuse: expressionOf(c.Error), ignore: expressionOf(c.Ignore), byField: make([]*codec.Query, len(c.Fields)), written: map[string]bool{}}
	for _, line := range c.Init {
		a.queries = append(a.queries, a.initQuery(line))
	}
	known := map[string]*codec.Query{}
	fields := map[*codec.Query][]int{}
	for i, f := range c.Fields {
		a.fields = append(a.fields, newATField(f))
		key := f.Polled(c.Poll).String() + " " + f.Request
		q := known[key]
		if q == nil {
			q = a.query(f.Request, f)
			known[key] = q
			a.queries = append(a.queries, q)
		}
		a.byField[i] = q
		fields[q] = append(fields[q], i)
	}
	for _, q := range known {
		of := fields[q]
		q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) { return a.read(q, of, got, quiet) }
	}
	for _, q := range a.queries {
		a.written[string(bytes.TrimSpace(q.Request))] = true
	}
	return a
}

// expressionOf compiles a valid expression; nil for "".
func expressionOf(expression string) *regexp.Regexp {
	if expression == "" {
		return nil
	}
	return regexp.MustCompile(expression)
}

func (a *atPoller) Queries() []*codec.Query           { return a.queries }
func (a *atPoller) Reads(field int) *codec.Query      { return a.byField[field] }
func (a *atPoller) Timing(serial.Config) codec.Timing { return codec.Timing{Ends: a.config.Silence} }

// anyLine is the shape of all answers, also those of other devices: a line identifies neither its request nor its sender.
const anyLine = "at"

// query makes the query of a field; the caller sets Answer.
func (a *atPoller) query(request string, f mapping.FieldConfig) *codec.Query {
	return &codec.Query{Request: []byte(request + a.config.LineEnd), Name: request, Every: f.Polled(a.config.Poll),
		Timeout: a.config.Timeout, Retries: a.config.Retries, After: a.config.Turnaround, Shape: anyLine, Repeats: true}
}

// initQuery makes the query of a line of init, which is written before everything else.
func (a *atPoller) initQuery(line string) *codec.Query {
	q := a.query(line, mapping.FieldConfig{})
	q.Every, q.Once = a.config.Poll, true
	q.Nobody = a.until == nil // a device whose answers have a last line also answers here
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		_, r, v := a.lines(q, got, quiet)
		return r, v
	}
	return q
}

// lines returns the lines of an answer so far, without the echo and unsolicited lines. The verdict is Fits if the answer
// is complete: by silence or by its last line. An error line is Refused. What comes behind the echo of another line, or with
// a line that only another query asks for, is a late answer to that.
func (a *atPoller) lines(q *codec.Query, got []byte, quiet bool) (lines [][]byte, r codec.Response, v codec.Verdict) {
	echo := bytes.TrimSpace(q.Request)
	echoed, another := false, false
	ours := func() bool { return !another && (echoed || !a.echoes) }
	for len(got) > 0 {
		line, rest, whole := a.line(got)
		if got = rest; !whole && !(quiet && a.config.Silence > 0) {
			break // the rest of the line must still come
		}
		line = bytes.TrimSpace(line)
		ends := a.until != nil && a.until.Match(line)
		refused := a.refuse != nil && a.refuse.Match(line)
		switch {
		case len(line) == 0, a.ignore != nil && a.ignore.Match(line):
		case bytes.Equal(line, echo):
			lines, echoed, another = lines[:0], true, false
		case a.written[string(line)]:
			lines, echoed, another = lines[:0], false, true
		case a.until != nil && a.asksAnother(q, line):
			another = true
		case !ours():
			if ends || refused {
				another = false
			}
		case refused:
			a.learn(echoed)
			return lines, codec.Response{Refusal: a.refusal(line), Hint: "its manual lists the commands that it accepts in this state"}, codec.Refused
		case ends:
			a.learn(echoed)
			return lines, r, codec.Fits
		default:
			lines = append(lines, line)
		}
	}
	if quiet && !echoed && !another {
		a.learn(false)
	}
	if a.until == nil && quiet {
		return lines, r, codec.Fits
	}
	return lines, r, codec.NoAnswer
}

// learn notes whether a line was repeated before its answer. A modem may be told to stop that, or forget it: then two
// answers without an echo in a row are the last that do not count.
func (a *atPoller) learn(echoed bool) {
	switch {
	case echoed:
		a.echoes, a.unechoed = true, 0
	case a.echoes:
		a.unechoed++
		a.echoes = a.unechoed < 2
	}
}

// asksAnother reports whether a line is the answer to another query than q, as the expressions of the fields tell.
func (a *atPoller) asksAnother(q *codec.Query, line []byte) (another bool) {
	for i := range a.fields {
		if e := a.fields[i].answer; e != nil && e.Match(line) {
			if a.byField[i] == q {
				return false
			}
			another = true
		}
	}
	return another
}

// remember keeps the line of a command.
func (a *atPoller) remember(request []byte) {
	line := string(bytes.TrimSpace(request))
	if a.written[line] {
		return
	}
	delete(a.written, a.commands[a.next])
	a.commands[a.next] = line
	a.next = (a.next + 1) % len(a.commands)
	a.written[line] = true
}

// line splits off the first line.
func (a *atPoller) line(got []byte) (line, rest []byte, whole bool) {
	ends := a.config.Terminator
	if ends == "" {
		ends = "\r\n"
	}
	i := bytes.IndexAny(got, ends)
	if i < 0 {
		return got, nil, false
	}
	return got[:i], got[i+1:], true
}

// refusal is the message of an error line for a person.
func (a *atPoller) refusal(line []byte) string {
	m := a.refuse.FindSubmatch(line)
	if i := a.refuse.SubexpIndex("message"); i > 0 && len(m[i]) > 0 {
		return codec.ForPeople(string(m[i]))
	}
	return "the device reports: " + codec.ForPeople(string(line))
}
