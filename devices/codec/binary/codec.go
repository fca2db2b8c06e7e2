package binary

import (
	"fmt"
	"io"
	"maps"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// binaryCodec turns frames of bytes into readings. Its cutter has checked them already.
type stream struct {
	rules    *frameRules
	match    codec.Places
	fields   []codec.ByteField
	count    *wire.Counters
	readings []relay.Reading
}

func New(c mapping.DeviceConfig, count *wire.Counters) codec.Stream {
	match, _ := codec.ParsePlaces(c.Match)
	b := &stream{rules: newFrameRules(c.Frame), match: match, count: count}
	for i, f := range c.Fields {
		b.fields = append(b.fields, codec.NewByteField(i, f))
	}
	return b
}

// NewFramer makes what cuts frames of bytes.
func NewFramer(c mapping.DeviceConfig, stream io.Reader, count *wire.Counters) codec.Framer {
	spec := newFrameRules(c.Frame)
	if spec.delimited() {
		return newBlockFramer(stream, spec, count)
	}
	return newCandidateFramer(stream, spec, count)
}

// Framing tells devices apart whose frames are cut differently.
func Framing(c mapping.DeviceConfig) string {
	return fmt.Sprintf("binary %+v", c.Frame)
}

// Same says why two devices cannot both talk in frames of bytes on one port; "" if they can.
func Same(a, b mapping.DeviceConfig) string {
	switch {
	case a.Frame != b.Frame:
		return "their frames are cut differently"
	case len(a.Match) == 0 || len(b.Match) == 0:
		return "their frames cannot be told apart without a match in each"
	case maps.Equal(a.Match, b.Match):
		return "both take the same frames: their match is the same"
	}
	return ""
}

// CheckSum gives the frame: only intact ones are cut out.
func (b *stream) CheckSum(frame []byte) ([]byte, bool) { return frame, true }

// HasSum says that frames carry a checksum.
func (b *stream) HasSum() bool { return b.rules.hasSum }

// AddSum puts the byte stuffing onto a command; its template has the checksum.
func (b *stream) AddSum(frame []byte) []byte { return b.rules.stuffing.wrap(frame) }

// Decode reads the fields that lie in the frame. It says no if the frame is another device's.
func (b *stream) Decode(frame []byte) ([]relay.Reading, bool) {
	if !b.match.Fits(frame) {
		b.count.Because("its bytes differ from match")
		return nil, false
	}
	b.readings = b.readings[:0]
	for i := range b.fields {
		f := &b.fields[i]
		if f.Match.Fits(frame) {
			b.readings = append(b.readings, f.Read(frame, b.count))
		}
	}
	return b.readings, true
}
