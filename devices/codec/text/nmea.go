package text

import (
	"bytes"
	"slices"
	"strings"

	"github.com/adrianmo/go-nmea"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// nmeaCodec decodes NMEA 0183 sentences. Every sentence has its own checksum, and belongs to the device whatever its
// talker.
type nmeaCodec struct {
	starSum
	readings
	sentence nmeaSentence // the last one
	reads    []nmeaRead
}

// nmeaSentence is a parsed sentence.
type nmeaSentence struct {
	talker, kind string // GP and GGA; of a proprietary sentence P and the rest
	fields       []string
}

// nmeaRead is one value that is read from one type of sentence.
type nmeaRead struct {
	nmeaSource
	field     int // -1: none
	condition int // of match; -1: none
}

// NewNMEA returns the decoder of codec nmea. tap receives what it drops.
func NewNMEA(c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	n := &nmeaCodec{readings: newReadings(c, tap)}
	for i, f := range c.Fields {
		sources, _ := nmeaSources(f.WireKey())
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

// Decode reads one sentence. A sentence without a field has no readings; it is counted if its type is unknown.
func (n *nmeaCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	n.begin()
	if err := n.sentence.parse(text); err != nil {
		n.tap.Because("it is not an NMEA sentence: " + strings.TrimPrefix(err.Error(), "nmea: "))
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
			n.Set(r.field, n.typed(r.field, t))
		}
	}
	if !asked && !slices.Contains(nmeaTypes, n.sentence.kind) {
		n.tap.Unknown.Add(1)
	}
	return n.end()
}

// parse parses a sentence.
func (s *nmeaSentence) parse(text []byte) (err error) {
	s.fields = strings.Split(strings.TrimLeft(string(text), "$!"), nmea.FieldSep)
	s.talker, s.kind, err = nmea.ParsePrefix(s.fields[0])
	s.fields = s.fields[1:]
	return err
}

// typed converts a bare text to the type of the field.
func (n *nmeaCodec) typed(field int, t codec.Token) codec.Token {
	switch {
	case t.Kind == codec.TokenString:
		return n.Field(field).Token(t.Text, false)
	case t.Kind == tokenTime && n.Field(field).Kind == relay.TypeNumber:
		t.Kind = codec.TokenNumber
	case t.Kind == tokenTime:
		t.Kind = codec.TokenString
	}
	return t
}

// starSum is the checksum of a sentence: the XOR of the bytes between $ or ! and * (NMEA 0183).
type starSum struct{}

// CheckSum verifies and removes the checksum of the last sentence of a line. Anything before it is the rest of a sentence
// whose end was lost.
func (starSum) CheckSum(line []byte) (text []byte, ok bool) {
	start := bytes.LastIndexAny(line, "$!")
	if start < 0 {
		return nil, false
	}
	line = bytes.TrimRight(line[start:], " ")
	if len(line) < len("$*00") {
		return nil, false
	}
	text, ok = nmeaSum.Strip(line[1:])
	if !ok {
		return nil, false
	}
	return line[:1+len(text)], true
}

// HasSum says that every sentence carries a checksum.
func (starSum) HasSum() bool { return true }

// AddSum adds the checksum to a command that is a sentence without one.
func (starSum) AddSum(b []byte) []byte {
	if len(b) == 0 || b[0] != '$' && b[0] != '!' || bytes.IndexByte(b, '*') >= 0 {
		return b
	}
	return nmeaSum.AddSum(b, 1)
}

var nmeaSum, _ = checksum.Of("xor8")
