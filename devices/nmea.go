package devices

import (
	"bytes"
	"errors"
	"strings"

	"github.com/adrianmo/go-nmea"

	"minirelay/relay"
)

// nmeaCodec turns NMEA 0183 sentences into readings. Every sentence has a checksum of its own, and is for the device
// whoever the talker is.
type nmeaCodec struct {
	nmeaSeal
	gatherer
	parser   nmea.SentenceParser
	sentence nmea.BaseSentence // the last one
	reads    []nmeaRead
	heard    map[string]bool // by type: whether it is known to anybody
}

// nmeaRead is one value that is read from one type of sentence.
type nmeaRead struct {
	nmeaSource
	field     int // -1: none
	condition int // of match; -1: none
}

// errSentence ends the library's work once a sentence is taken apart: its typed sentences do not tell 0 from nothing.
var errSentence = errors.New("it is taken apart")

func newNMEA(c DeviceConfig, count *Counters) Codec {
	n := &nmeaCodec{gatherer: newGatherer(c, count), heard: map[string]bool{}}
	n.parser.CheckCRC = func(nmea.BaseSentence, string) error { return nil } // nmeaSeal has looked
	n.parser.OnBaseSentence = func(s *nmea.BaseSentence) error {
		n.sentence = *s
		return errSentence
	}
	for i, f := range c.Fields {
		sources, _ := nmeaSources(f.wireKey())
		for _, source := range sources {
			n.reads = append(n.reads, nmeaRead{source, i, -1})
		}
	}
	for i, condition := range n.match.conditions {
		sources, _ := nmeaSources(condition.key)
		for _, source := range sources {
			n.reads = append(n.reads, nmeaRead{source, -1, i})
		}
	}
	return n
}

// Decode reads one sentence. A sentence that nobody asks for gives nothing; it is counted if its type is known to
// nobody at all.
func (n *nmeaCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	n.begin()
	raw := string(text)
	if _, err := n.parser.Parse(raw); !errors.Is(err, errSentence) {
		if err != nil {
			n.count.because("it is no NMEA sentence: " + strings.TrimPrefix(err.Error(), "nmea: "))
		}
		return nil, false
	}
	asked := false
	for i := range n.reads {
		r := &n.reads[i]
		if !r.speaksOf(&n.sentence) {
			continue
		}
		asked = asked || r.field >= 0
		t, there := r.read(&n.sentence)
		switch {
		case !there:
		case r.field < 0:
			n.match.see(r.condition, t)
		default:
			n.give(r.field, n.typed(r.field, t))
		}
	}
	if !asked && !n.known(raw) {
		n.count.unknown.Add(1)
	}
	return n.end()
}

// typed makes of a bare text what the type of the field wants.
func (n *nmeaCodec) typed(field int, t token) token {
	switch {
	case t.kind == tokenString:
		return n.fields[field].word(t.text, false)
	case t.kind == tokenTime && n.fields[field].kind == relay.TypeNumber:
		t.kind = tokenNumber
	case t.kind == tokenTime:
		t.kind = tokenString
	}
	return t
}

// known says whether the library knows the type of the sentence.
func (n *nmeaCodec) known(raw string) bool {
	kind := n.sentence.Type
	known, heard := n.heard[kind]
	if !heard {
		known = n.supported(raw)
		if len(n.heard) < maxSentenceTypes {
			n.heard[kind] = known
		}
	}
	return known
}

// supported asks the library whether it supports the sentence. Its typed sentences panic on some that are too short:
// v1.10.0 does on $Q*51.
func (n *nmeaCodec) supported(raw string) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	parser := nmea.SentenceParser{CheckCRC: n.parser.CheckCRC}
	_, err := parser.Parse(raw)
	var unknown *nmea.NotSupportedError
	return !errors.As(err, &unknown)
}

// maxSentenceTypes bounds what is remembered of a talker that makes up types.
const maxSentenceTypes = 100

// nmeaSeal is the checksum of a sentence: the XOR of what stands between $ or ! and the *.
type nmeaSeal struct{}

// Unseal takes the checksum off the last sentence of a line. What stands before it is the rest of one whose end was
// lost.
func (nmeaSeal) Unseal(line []byte) (text []byte, ok bool) {
	start := bytes.LastIndexAny(line, "$!")
	if start < 0 {
		return nil, false
	}
	line = bytes.TrimRight(line[start:], " ")
	if len(line) < len("$*00") {
		return nil, false
	}
	text, ok = nmeaSum.strip(line[1:])
	if !ok {
		return nil, false
	}
	return line[:1+len(text)], true
}

// Sealed says that every sentence carries a checksum.
func (nmeaSeal) Sealed() bool { return true }

// Seal puts the checksum onto a command that is a sentence and has none.
func (nmeaSeal) Seal(b []byte) []byte {
	if len(b) == 0 || b[0] != '$' && b[0] != '!' || bytes.IndexByte(b, '*') >= 0 {
		return b
	}
	return nmeaSum.seal(b, 1)
}

var nmeaSum = checksum{2, xor8}
