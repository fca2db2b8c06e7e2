package devices

import (
	"fmt"
	"io"
	"maps"
	"strconv"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/relay"
)

// binaryCodec turns frames of bytes into readings. Its cutter has checked them already.
type binaryCodec struct {
	spec     *frameSpec
	match    places
	fields   []byteField
	count    *wire.Counters
	readings []relay.Reading
}

// byteField is a field that lies in a frame of bytes.
type byteField struct {
	index int // in the model
	at    int // negative: from the end
	match places
	value byteValue
	wire  wireField
}

func newBinary(c mapping.DeviceConfig, count *wire.Counters) Codec {
	match, _ := parsePlaces(c.Match)
	b := &binaryCodec{spec: newFrameSpec(c.Frame), match: match, count: count}
	for i, f := range c.Fields {
		b.fields = append(b.fields, newByteField(i, f))
	}
	return b
}

func newByteField(index int, f mapping.FieldConfig) byteField {
	match, _ := parsePlaces(f.Match)
	f.Values = plainNumbers(f.Values)
	return byteField{index: index, at: f.At, match: match, value: valueIn(f.FormatConfig, f.Type), wire: newWireField(f)}
}

// cutBinary makes what cuts frames of bytes.
func cutBinary(c mapping.DeviceConfig, stream io.Reader, count *wire.Counters) Cutter {
	spec := newFrameSpec(c.Frame)
	if spec.delimited() {
		return newBlockCutter(stream, spec, count)
	}
	return newByteCutter(stream, spec, count)
}

// frameBinary tells devices apart whose frames are cut differently.
func frameBinary(c mapping.DeviceConfig) string {
	return fmt.Sprintf("binary %+v", c.Frame)
}

// sameBytes says why two devices cannot both talk in frames of bytes on one port; "" if they can.
func sameBytes(a, b mapping.DeviceConfig) string {
	switch {
	case a.Frame != b.Frame:
		return "their frames are cut differently"
	case len(a.Match) == 0 || len(b.Match) == 0:
		return "nothing tells their frames apart without a match in each"
	case maps.Equal(a.Match, b.Match):
		return "both take the same frames: their match is the same"
	}
	return ""
}

// Unseal gives the frame: only intact ones are cut out.
func (b *binaryCodec) Unseal(frame []byte) ([]byte, bool) { return frame, true }

// Sealed says that frames carry a checksum.
func (b *binaryCodec) Sealed() bool { return b.spec.hasSum }

// Seal puts the byte stuffing onto a command; its template has the checksum.
func (b *binaryCodec) Seal(frame []byte) []byte { return b.spec.stuffing.wrap(frame) }

// Decode reads the fields that lie in the frame. It says no if the frame is another device's.
func (b *binaryCodec) Decode(frame []byte) ([]relay.Reading, bool) {
	if !b.match.fit(frame) {
		b.count.Because("it has other bytes where match wants its own")
		return nil, false
	}
	b.readings = b.readings[:0]
	for i := range b.fields {
		f := &b.fields[i]
		if f.match.fit(frame) {
			b.readings = append(b.readings, f.read(frame, b.count))
		}
	}
	return b.readings, true
}

// read gives the field's value in a frame that carries it; null if it is no good reading.
func (f *byteField) read(frame []byte, count *wire.Counters) relay.Reading {
	at := fromEnd(f.at, len(frame))
	why := f.wire.id + ": the frame ends before it"
	if at >= 0 && at+f.value.length <= len(frame) {
		raw := frame[at : at+f.value.length]
		t, ok := f.value.token(raw)
		if v, good := f.wire.read(t); ok && good {
			return relay.Reading{Field: f.index, Value: v}
		}
		if count.Watched() {
			if why = fmt.Sprintf("%s: %X is no %s", f.wire.id, raw, f.value.digits); ok {
				if t.kind == tokenNumber {
					t.text = strconv.AppendFloat(nil, t.number, 'g', -1, 64)
				}
				why = f.wire.id + ": " + f.wire.fault(fault{value: t})
			}
		}
	}
	count.Implausible.Add(1)
	count.Because(why)
	return relay.Reading{Field: f.index}
}
