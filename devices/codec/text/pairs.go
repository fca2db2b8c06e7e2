package text

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// pairSeparators separate pairs unless the mapping has a separator. The comma is added unless it is the decimal comma.
const pairSeparators = " \t;|&"

// pairsCodec decodes lines such as "T=21.5 H=40;P:1". Words outside a pair, for example "sensor 3: T=21.5 C", are skipped.
type pairsCodec struct {
	lineSum
	readings
	keys      keys
	separator string
	assign    string
	spaced    bool // a space separates pairs
}

// NewPairs returns the decoder of codec pairs. tap receives what it drops.
func NewPairs(c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	p := &pairsCodec{lineSum: newLineSum(c), readings: newReadings(c, tap), separator: separatorsOf(c), assign: c.Assign}
	if c.Checksum == checksum.VEDirect {
		p.assign = "\t"
	}
	if strings.Contains(p.assign, ":") {
		p.assign += "：" // as Chinese input methods type it
	}
	p.keys = newKeys(c, &p.match)
	p.spaced = strings.Contains(p.separator, " ")
	return p
}

func separatorsOf(c mapping.DeviceConfig) string {
	switch {
	case c.Checksum == checksum.VEDirect:
		return "\r\n"
	case c.Separator != "":
		return c.Separator
	case c.DecimalComma:
		return pairSeparators
	}
	return pairSeparators + ","
}

// CheckPairs reports everything in the mapping of codec pairs that cannot work.
func CheckPairs(k *mapping.Checker) {
	checkTextCommands(k)
	d := &k.Device
	k.At = mapping.Problem{}
	if d.Checksum == checksum.VEDirect && (d.Separator != "" || d.Assign != mapping.DefaultPairs().Assign) {
		k.Add("checksum", "VE.Direct determines how its pairs are written", "remove separator and assign")
	}
	if d.Checksum == checksum.VEDirect {
		return
	}
	separator := separatorsOf(*d)
	for key, signs := range map[string]string{"separator": separator, "assign": d.Assign} {
		if strings.ContainsFunc(signs, func(r rune) bool { return r == utf8.RuneError || r < ' ' && r != '\t' || r == '"' }) {
			k.Add(key, fmt.Sprintf("%q contains a character that cannot separate", signs), `write each character that may occur there, for example ";,"`)
		}
	}
	switch {
	case d.Assign == "":
		k.Add("assign", "a key and its value have no character between them", `leave it out for "=:"`)
	case strings.ContainsAny(d.Assign, separator):
		k.Add("assign", "one of its characters also separates pairs", "choose another separator")
	}
	if d.DecimalComma && strings.Contains(separator, ",") {
		k.Add("decimal_comma", "the comma already separates pairs", `use another separator, for example separator = ";"`)
	}
	checkKey := func(key string) (what, try string) {
		if key == "" || strings.ContainsAny(key, separator+d.Assign) {
			return fmt.Sprintf("%q cannot be a key: it contains a character of separator or assign", key), "choose another key, separator or assign"
		}
		return "", ""
	}
	checkMatches(k, checkKey)
	for _, f := range d.Fields {
		k.At = mapping.Problem{Field: f.ID}
		if what, try := checkKey(f.WireKey()); what != "" {
			k.Add("key", what, try)
		}
	}
}

// Decode reads one line. ok is false if it contains no pair with the key of a field.
func (p *pairsCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	p.begin()
	known, from := false, 0
	for {
		key, value, rest, ok := p.pair(text)
		if !ok {
			break
		}
		if p.tap.Asking() {
			p.tap.Says(string(key))
		}
		if s := p.keys.find(key, &from); s != nil {
			known = true
			p.setText(s, value)
		}
		text = rest
	}
	if !known {
		p.tap.Because("it contains no key of a field")
		return nil, false
	}
	return p.end()
}

// pair splits off the first pair.
func (p *pairsCodec) pair(text []byte) (key, value, rest []byte, ok bool) {
	for len(text) > 0 {
		end := bytes.IndexAny(text, p.separator)
		sign := bytes.IndexAny(text, p.assign)
		if sign < 0 {
			break
		}
		if end >= 0 && end < sign && !p.onlySpaces(text[end:sign]) {
			text = text[end+width(text[end:]):] // a word outside a pair
			continue
		}
		key = bytes.TrimSpace(text[:sign])
		if p.spaced {
			if i := bytes.LastIndexAny(key, " \t"); i >= 0 {
				key = key[i+1:]
			}
		}
		value, rest = p.value(text[sign+width(text[sign:]):])
		return key, value, rest, true
	}
	return nil, nil, nil, false
}

// width is the length of the first character of text, in bytes.
func width(text []byte) int {
	_, n := utf8.DecodeRune(text)
	return n
}

// onlySpaces says whether there is nothing but spaces between a key and the assign character.
func (p *pairsCodec) onlySpaces(text []byte) bool { return len(bytes.Trim(text, " \t")) == 0 }

// value splits off a value after the assign character.
func (p *pairsCodec) value(text []byte) (value, rest []byte) {
	text = bytes.TrimLeft(text, " \t")
	if len(text) > 0 && text[0] == '"' {
		if end := bytes.IndexByte(text[1:], '"'); end >= 0 {
			return text[1 : 1+end], text[2+end:]
		}
	}
	end := bytes.IndexAny(text, p.separator)
	if end < 0 {
		end = len(text)
	}
	value = bytes.TrimSpace(text[:end])
	// "T= H=40" has no value for T: what looks like its value is the next pair.
	if sign := bytes.IndexAny(value, p.assign); p.spaced && sign > 0 {
		from := 0
		if p.keys.find(bytes.TrimSpace(value[:sign]), &from) != nil {
			return nil, text
		}
	}
	return value, text[end:]
}
