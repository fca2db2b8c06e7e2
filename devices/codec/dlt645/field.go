package dlt645

import (
	"fmt"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// field is a compiled field of a meter.
type field struct {
	codec.ByteField
	quantity quantity
	named    bool
}

func newField(index int, f mapping.FieldConfig) field {
	d, named, _ := quantityOf(f)
	f.ByteOrder, f.WordOrder = "little", ""
	if f.Format == "" && f.Type != relay.TypeText {
		f.Format = codec.FormatBCD
	}
	if named {
		f.Length = d.length
		if f.Format = codec.FormatBCD; d.signed {
			f.Format = codec.FormatSignedBCD
		}
		if f.Type == relay.TypeNumber {
			f.Scale *= d.scale
		}
	}
	if f.At == mapping.Nowhere {
		f.At = 0
	}
	return field{ByteField: codec.NewByteField(index, f), quantity: d, named: named}
}

// read returns the field's reading in the data of an answer.
func (f *field) read(data []byte, tap *wire.Tap) relay.Reading {
	if f.quantity.text == nil || len(data) < f.quantity.length {
		return f.Read(data, tap)
	}
	text, ok := f.quantity.text(data[:f.quantity.length])
	if v, good := f.Wire.Read(codec.Token{Kind: codec.TokenString, Text: []byte(text)}); ok && good {
		return relay.Reading{Field: f.Index, Value: v}
	}
	tap.Implausible.Add(1)
	if tap.Watched() {
		tap.Because(fmt.Sprintf("%s: %X is not a valid %s", f.Wire.ID, data, f.quantity.key))
	}
	return relay.Reading{Field: f.Index}
}
