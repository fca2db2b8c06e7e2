package codec

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// ByteField is a field in a frame of bytes. It serves one goroutine.
type ByteField struct {
	Index int // in the model
	At    int // position of its first byte, from 0; negative: from the end, -1 is the last byte
	Match Places
	Value ByteValue
	Wire  WireField
}

// NewByteField compiles a config without problems.
func NewByteField(index int, f mapping.FieldConfig) ByteField {
	match, _ := ParsePlaces(f.Match)
	f.Values = plainNumbers(f.Values)
	return ByteField{Index: index, At: f.At, Match: match, Value: ValueIn(f.FormatConfig, f.Type), Wire: NewWireField(f)}
}

// Read returns the field's reading in a frame that carries it. An invalid or implausible value is null and counted.
func (f *ByteField) Read(frame []byte, tap *wire.Tap) relay.Reading {
	at := FromEnd(f.At, len(frame))
	why := f.Wire.ID + ": the frame ends before it"
	if at >= 0 && at+f.Value.Length <= len(frame) {
		raw := frame[at : at+f.Value.Length]
		t, ok := f.Value.Token(raw)
		if v, good := f.Wire.Read(t); ok && good {
			return relay.Reading{Field: f.Index, Value: v}
		}
		if tap.Watched() {
			if why = fmt.Sprintf("%s: %X is not a valid %s", f.Wire.ID, raw, f.Value.Digits); ok {
				if t.Kind == TokenNumber {
					t.Text = strconv.AppendFloat(nil, t.Number, 'g', -1, 64)
				}
				why = f.Wire.ID + ": " + f.Wire.Explain(Fault{Value: t})
			}
		}
	}
	tap.Implausible.Add(1)
	tap.Because(why)
	return relay.Reading{Field: f.Index}
}

// plainNumbers returns values with hexadecimal numbers rewritten as decimal ones.
func plainNumbers(values map[string]string) map[string]string {
	plain := maps.Clone(values)
	for value, text := range plain {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil && strings.HasPrefix(text, "0x") {
			plain[value] = strconv.FormatInt(n, 10)
		}
	}
	return plain
}
