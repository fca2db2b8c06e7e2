package capture

import (
	"bytes"
	"regexp"
	"slices"
	"time"
)

const (
	// askedWithin is the time after a request in which bytes are its answer, on a line whose board only answers;
	// talkedWithin is the same for a board that also talks by itself, whose next line would be taken for an answer.
	askedWithin  = time.Second
	talkedWithin = 250 * time.Millisecond
	// sameBreath is the longest pause between two pieces of one answer.
	sameBreath = 50 * time.Millisecond
)

// exchange is a request and its answers, one for each time it was written.
type exchange struct {
	Request []byte
	Answers [][]Record // their At counts from the request; an answer without records is possible
}

// split separates the records that a board sent by itself, with their times, from its answers. Requests with the same
// bytes are one exchange. Both results share the bytes of recording.
func split(recording []Record) (said []Record, exchanges []exchange) {
	said, exchanges = splitWithin(recording, askedWithin)
	if len(said) > 0 && len(exchanges) > 0 {
		said, exchanges = splitWithin(recording, talkedWithin)
	}
	return said, exchanges
}

func splitWithin(recording []Record, within time.Duration) (said []Record, exchanges []exchange) {
	var answer *[]Record // to the request that came last
	var asked, last time.Duration
	for _, r := range recording {
		switch {
		case r.Out:
			i := slices.IndexFunc(exchanges, func(e exchange) bool { return bytes.Equal(e.Request, r.Data) })
			if i < 0 {
				exchanges = append(exchanges, exchange{Request: r.Data})
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

// sequence is the number that an answer repeats: PUMP 1 #42, OK #42.
var sequence = regexp.MustCompile(`#[0-9]+`)

// matcher finds the requests of a recording in the bytes that are written.
type matcher struct {
	exchanges []exchange
	next      []int // by exchange: which answer is given next
}

// match looks at the beginning of the bytes that were written. The first used bytes are a request, or with which -1
// none of the recording. wait means that more bytes must come.
func (m *matcher) match(got []byte) (which, used int, wait bool) {
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

// sameButSequence reports whether two lines differ only in the number after a #.
func sameButSequence(a, b []byte) bool {
	blank := func(b []byte) []byte { return sequence.ReplaceAll(b, []byte("#")) }
	return sequence.Match(b) && bytes.Equal(blank(a), blank(b))
}

// answer returns the next recorded answer to a request, from the first one again after the last. The number of the
// recorded request is replaced by the number of this one.
func (m *matcher) answer(which int, request []byte) []Record {
	e := m.exchanges[which]
	recorded := e.Answers[m.next[which]%len(e.Answers)]
	m.next[which]++
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
