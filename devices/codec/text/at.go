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

// at asks a device that answers in lines of text.
type atCodec struct {
	readings
	config        mapping.DeviceConfig
	separator     byte // of the columns of an answer
	until, no, ig *regexp.Regexp
	fields        []atField
	asked         []*codec.Query
	of            []*codec.Query // by field
	seq           int
}

func NewAT(c mapping.DeviceConfig, count *wire.Counters) codec.Poller {
	a := &atCodec{readings: newReadings(c, count), config: c, separator: csvSeparator(c), seq: rand.IntN(codec.MaxSeq),
		until: expressionOf(c.Until), no: expressionOf(c.Error), ig: expressionOf(c.Ignore), of: make([]*codec.Query, len(c.Fields))}
	for _, line := range c.Init {
		a.asked = append(a.asked, a.opening(line))
	}
	known := map[string]*codec.Query{}
	fields := map[*codec.Query][]int{}
	for i, f := range c.Fields {
		a.fields = append(a.fields, newATField(f))
		key := f.Polled(c.Poll).String() + " " + f.Request
		q := known[key]
		if q == nil {
			q = a.ask(f.Request, f)
			known[key] = q
			a.asked = append(a.asked, q)
		}
		a.of[i] = q
		fields[q] = append(fields[q], i)
	}
	for _, q := range known {
		of := fields[q]
		q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) { return a.read(q, of, got, quiet) }
	}
	return a
}

// expressionOf compiles an expression without faults; nil for none.
func expressionOf(expression string) *regexp.Regexp {
	if expression == "" {
		return nil
	}
	return regexp.MustCompile(expression)
}

func (a *atCodec) Queries() []*codec.Query           { return a.asked }
func (a *atCodec) Reads(field int) *codec.Query      { return a.of[field] }
func (a *atCodec) Timing(serial.Config) codec.Timing { return codec.Timing{Ends: a.config.Silence} }

// anyLine is the shape of all answers, also of the devices beside it: lines do not tell what they answer, nor whose they are.
const anyLine = "at"

// ask makes the query of a field; its answer is left to the caller.
func (a *atCodec) ask(request string, f mapping.FieldConfig) *codec.Query {
	return &codec.Query{Request: []byte(request + a.config.LineEnd), Name: request, Every: f.Polled(a.config.Poll),
		Timeout: a.config.Timeout, Retries: a.config.Retries, After: a.config.Turnaround, Shape: anyLine}
}

// opening makes the query of a line that is written before everything else.
func (a *atCodec) opening(line string) *codec.Query {
	q := a.ask(line, mapping.FieldConfig{})
	q.Every, q.Once = a.config.Poll, true
	q.Nobody = a.until == nil // a device that ends its answers with a line of their own also does so here
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		_, r, v := a.lines(q, got, quiet)
		return r, v
	}
	return q
}

// lines gives the lines of an answer so far, without the echo and what comes unasked. The verdict is fits if the
// answer is over: in the silence or with the line that ends it. A line that says no ends it too.
func (a *atCodec) lines(q *codec.Query, got []byte, quiet bool) (lines [][]byte, r codec.Response, v codec.Verdict) {
	echo := bytes.TrimSpace(q.Request)
	for len(got) > 0 {
		line, rest, whole := a.line(got)
		if got = rest; !whole && !(quiet && a.config.Silence > 0) {
			break // the rest of it is still to come
		}
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0, bytes.Equal(line, echo), a.ig != nil && a.ig.Match(line):
		case a.no != nil && a.no.Match(line):
			return lines, codec.Response{Refusal: a.refusal(line), Hint: "look into its manual for what it understands in this state"}, codec.Refused
		case a.until != nil && a.until.Match(line):
			return lines, r, codec.Fits
		default:
			lines = append(lines, line)
		}
	}
	if a.until == nil && quiet {
		return lines, r, codec.Fits
	}
	return lines, r, codec.NoAnswer
}

// line takes the first line off what has come.
func (a *atCodec) line(got []byte) (line, rest []byte, whole bool) {
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

// refusal is what a line that says no tells a person.
func (a *atCodec) refusal(line []byte) string {
	m := a.no.FindSubmatch(line)
	if i := a.no.SubexpIndex("message"); i > 0 && len(m[i]) > 0 {
		return codec.ForPeople(string(m[i]))
	}
	return "the device says " + codec.ForPeople(string(line))
}
