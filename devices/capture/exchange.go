package capture

import (
	"bytes"
	"regexp"
	"slices"
	"time"
)

const (
	// askedWithin is how long after a request what comes is its answer, on a line whose board only speaks when it is
	// asked; talkedWithin is the same for one that talks by itself, whose next words would be taken for an answer.
	askedWithin  = time.Second
	talkedWithin = 250 * time.Millisecond
	// sameBreath is a pause within which the pieces of one answer follow each other.
	sameBreath = 50 * time.Millisecond
)

// Exchange is a request and what was answered to it, once for each time it was made.
type Exchange struct {
	Request []byte
	Answers [][]Record // At counts from the request; an answer may be empty
}

// Split tells apart what a board has said by itself, with its times, and what it has answered.
func Split(recording []Record) (said []Record, exchanges []Exchange) {
	said, exchanges = split(recording, askedWithin)
	if len(said) > 0 && len(exchanges) > 0 {
		said, exchanges = split(recording, talkedWithin)
	}
	return said, exchanges
}

func split(recording []Record, within time.Duration) (said []Record, exchanges []Exchange) {
	var answer *[]Record // to the request that came last
	var asked, last time.Duration
	for _, r := range recording {
		switch {
		case r.Out:
			i := slices.IndexFunc(exchanges, func(e Exchange) bool { return bytes.Equal(e.Request, r.Data) })
			if i < 0 {
				exchanges = append(exchanges, Exchange{Request: r.Data})
				i = len(exchanges) - 1
			}
			e := &exchanges[i]
			e.Answers = append(e.Answers, nil)
			answer, asked, last = &e.Answers[len(e.Answers)-1], r.At, r.At
		case answer != nil && (r.At-asked <= within || len(*answer) > 0 && r.At-last <= sameBreath):
			*answer = append(*answer, Record{At: r.At - asked, Data: r.Data})
			last = r.At
		default:
			answer = nil
			said = append(said, r)
		}
	}
	return said, exchanges
}

// sequence is the number by which an answer names its request: PUMP 1 #42, OK #42.
var sequence = regexp.MustCompile(`#[0-9]+`)

// matcher finds requests of a recording in what is written.
type matcher struct {
	exchanges []Exchange
	next      []int // by exchange: which answer is given next
}

// match looks at the beginning of what was written. used bytes are done with; exchange is -1 if they are no request
// of the recording. wait says that more must come.
func (m *matcher) match(got []byte) (exchange, used int, wait bool) {
	line := bytes.IndexAny(got, "\r\n") + 1
	for i, e := range m.exchanges {
		switch {
		case bytes.HasPrefix(got, e.Request):
			return i, len(e.Request), false
		case line > 0 && sameButSequence(got[:line], e.Request):
			return i, line, false
		}
	}
	for _, e := range m.exchanges {
		if bytes.HasPrefix(e.Request, got) || line == 0 && isLine(e.Request) && Text(got) == string(got) {
			return -1, 0, true
		}
	}
	if line > 0 {
		return -1, line, false
	}
	return -1, 1, false
}

func isLine(b []byte) bool { return bytes.ContainsAny(b[len(b)-1:], "\r\n") }

// sameButSequence says whether two lines differ in the number behind a # only.
func sameButSequence(a, b []byte) bool {
	blank := func(b []byte) []byte { return sequence.ReplaceAll(b, []byte("#")) }
	return sequence.Match(b) && bytes.Equal(blank(a), blank(b))
}

// answer gives what is answered to a request, in the order in which it was recorded, over and over. The number that
// the recorded request carried is replaced by that of this one.
func (m *matcher) answer(exchange int, request []byte) []Record {
	e := m.exchanges[exchange]
	recorded := e.Answers[m.next[exchange]%len(e.Answers)]
	m.next[exchange]++
	old, now := sequence.Find(e.Request), sequence.Find(request)
	if bytes.Equal(old, now) {
		return recorded
	}
	var answer []Record
	for _, r := range recorded {
		data := sequence.ReplaceAllFunc(r.Data, func(number []byte) []byte {
			if bytes.Equal(number, old) {
				return now
			}
			return number
		})
		answer = append(answer, Record{At: r.At, Data: data})
	}
	return answer
}
