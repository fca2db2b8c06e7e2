package binary

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
)

// template is a compiled send, or a compiled expect or refuse: bytes with places to fill in.
//
//	AA 01 {value:uint16be} {seq} {sum}
//
// {value} is the value in the format of the command, {value:FORMAT} in another; {seq} is a sequence number; {sum} is
// the checksum of [devices.ID.frame] over the bytes before it, from checksum_from on; {sum:NAME} is another checksum,
// over all bytes before it or from a position on, for example {sum:crc16-modbus:2}.
type template struct{ parts []part }

type part struct {
	kind    partKind
	literal codec.Mask
	value   codec.ByteValue // of value and seq
	sum     checksum.Sum
	from    int // of sum
	little  bool
}

type partKind uint8

const (
	literalPart partKind = iota
	valuePart            // the value
	seqPart
	sumPart
)

// templateSyntax is what a template may contain besides bytes.
type templateSyntax struct {
	value codec.ByteValue // the format of {value}
	frame *frameRules     // the checksum of {sum}
	wild  bool            // ? is allowed: it is a pattern
}

// parse reads a template.
func (k templateSyntax) parse(s string) (*template, error) {
	t := &template{}
	for s != "" {
		plain, rest, more := strings.Cut(s, "{")
		m, err := codec.ParseBytes(plain, k.wild)
		if err != nil {
			return nil, err
		}
		if len(m.Bytes) > 0 {
			t.parts = append(t.parts, part{literal: m})
		}
		if !more {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, errors.New("{ has no }")
		}
		p, err := k.part(name)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, p)
		s = after
	}
	if len(t.parts) == 0 {
		return nil, errors.New("it contains no bytes")
	}
	return t, nil
}

// part reads the words between braces.
func (k templateSyntax) part(words string) (p part, err error) {
	name, rest, special := strings.Cut(words, ":")
	switch name {
	case "value":
		p.kind, p.value = valuePart, k.value
		if special {
			p.value, err = valueNamed(rest)
		}
		if v := p.value; err == nil && k.wild && v.Length == 0 {
			err = fmt.Errorf("the length of {%s} is unknown", words)
		}
		return p, err
	case "seq":
		p.kind, p.value = seqPart, codec.ByteValue{Length: 1}
		if !special {
			rest = "uint8"
		}
		if p.value, err = valueNamed(rest); err == nil && p.value.Length == 0 {
			err = fmt.Errorf("a sequence number cannot be %s", rest)
		}
		return p, err
	case "sum":
		return k.sumPart(rest, special)
	}
	return p, fmt.Errorf("unknown placeholder {%s}", words)
}

// sumPart reads the options of {sum}.
func (k templateSyntax) sumPart(options string, special bool) (p part, err error) {
	p.kind = sumPart
	if !special {
		if !k.frame.hasSum {
			return p, errors.New("{sum} is the checksum of [devices.ID.frame], which has none")
		}
		p.sum, p.from, p.little = k.frame.sum, max(k.frame.from, 0), k.frame.sumLittle
		return p, nil
	}
	for i, word := range strings.Split(options, ":") {
		from, isNumber := strconv.Atoi(word)
		switch {
		case i == 0:
			var ok bool
			if p.sum, ok = checksum.SumOf(word); !ok {
				return p, fmt.Errorf("unknown checksum %q", word)
			}
			p.little = p.sum.Little
		case word == "be" || word == "le":
			p.little = word == "le"
		case isNumber == nil && from >= 0 && from < codec.MaxInbox:
			p.from = from
		default:
			return p, fmt.Errorf("%q is neither be, le nor a position in {sum:%s}", word, options)
		}
	}
	return p, nil
}

// valueNamed returns the format of a name in a template: uint16le, bcd2, ascii, ascii4.
func valueNamed(name string) (codec.ByteValue, error) {
	if f, ok := codec.NamedFormat(name); ok {
		return codec.ByteValue{Number: f, Length: f.Size}, nil
	}
	for _, digits := range []string{codec.FormatBCD, codec.FormatASCII, codec.FormatString} {
		size, ok := strings.CutPrefix(name, digits)
		if !ok {
			continue
		}
		v := codec.ByteValue{Digits: digits}
		size, v.Little = strings.CutSuffix(strings.TrimSuffix(size, "be"), "le")
		if size == "" && digits != codec.FormatBCD {
			return v, nil
		}
		if n, err := strconv.Atoi(size); err == nil && n > 0 && n <= 256 {
			v.Length = n
			return v, nil
		}
	}
	return codec.ByteValue{}, fmt.Errorf("unknown format %q: use uint8, uint16be, int32le, float32be, bcd2, ascii, ascii4, string …", name)
}

// has says whether the template has a part of this kind.
func (t *template) has(kind partKind) bool {
	for _, p := range t.parts {
		if p.kind == kind {
			return true
		}
	}
	return false
}

// Append appends the bytes of the template to b. An error is a value that the wire cannot carry, as a sentence for a
// person.
func (t *template) Append(b []byte, text string, seq int) ([]byte, error) {
	begin := len(b)
	for _, p := range t.parts {
		switch p.kind {
		case literalPart:
			b = append(b, p.literal.Bytes...)
		case sumPart:
			b = p.sum.Append(b, min(begin+p.from, len(b)), p.little)
		default:
			var err error
			if b, err = p.value.Append(b, p.text(text, seq)); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// match compares the beginning of a frame with the template. A frame with another value or sequence number is the answer
// to another command.
func (t *template) match(frame []byte, seq int, text string) codec.Verdict {
	v := codec.Fits
	at := 0
	for _, p := range t.parts {
		rest := frame[at:]
		switch p.kind {
		case literalPart:
			if !p.literal.Fits(rest) {
				return codec.NoAnswer
			}
			at += len(p.literal.Bytes)
			continue
		case sumPart:
			if len(rest) < p.sum.Size || !p.sum.Matches(rest, p.sum.Sum(frame[min(p.from, at):at]), p.little) {
				return codec.NoAnswer
			}
			at += p.sum.Size
			continue
		}
		if len(rest) < p.value.Length {
			return codec.NoAnswer
		}
		if want, err := p.value.Append(nil, p.text(text, seq)); err != nil || string(want) != string(rest[:p.value.Length]) {
			v = codec.Foreign
		}
		at += p.value.Length
	}
	return v
}

// text is the text to fill in: the value, or the sequence number, reduced to the range of the format.
func (p part) text(value string, seq int) string {
	v := p.value
	switch {
	case p.kind == valuePart:
		return value
	case v.Digits == "" && v.Number.Width < 16 && v.Number.Kind != codec.Float:
		seq %= 1 << min(v.Number.Width, 7) // of signed ones too
	case v.Digits != "" && v.Length == 1:
		seq %= 10
	}
	return strconv.Itoa(seq)
}
