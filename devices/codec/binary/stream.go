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

// stream decodes frames, which the framer has already checked.
type stream struct {
	rules    *frameRules
	match    codec.Places
	fields   []codec.ByteField
	tap      *wire.Tap
	readings []relay.Reading
}

// New returns the decoder of a device that sends by itself. tap receives what it drops.
func New(c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	match, _ := codec.ParsePlaces(c.Match)
	b := &stream{rules: newFrameRules(c.Frame), match: match, tap: tap}
	for i, f := range c.Fields {
		b.fields = append(b.fields, codec.NewByteField(i, f))
	}
	return b
}

// NewFramer returns the framer that cuts frames out of r. tap receives the bytes and what it drops.
func NewFramer(c mapping.DeviceConfig, r io.Reader, tap *wire.Tap) codec.Framer {
	spec := newFrameRules(c.Frame)
	if spec.delimited() {
		return newBlockFramer(r, spec, tap)
	}
	return newCandidateFramer(r, spec, tap)
}

// Framing identifies how frames are cut: devices on one port need the same framing.
func Framing(c mapping.DeviceConfig) string {
	return fmt.Sprintf("binary %+v", c.Frame)
}

// Same returns why two devices cannot both send frames of bytes on one port, as a sentence for a person; "" if they can.
func Same(a, b mapping.DeviceConfig) string {
	switch {
	case a.Frame != b.Frame:
		return "their frames are cut differently"
	case len(a.Match) == 0 || len(b.Match) == 0:
		return "their frames cannot be distinguished without a match in each"
	case maps.Equal(a.Match, b.Match):
		return "both take the same frames: their match is the same"
	}
	return ""
}

// CheckSum returns the frame: the framer returns only intact ones.
func (b *stream) CheckSum(frame []byte) ([]byte, bool) { return frame, true }

// HasSum says that frames carry a checksum.
func (b *stream) HasSum() bool { return b.rules.hasSum }

// AddSum adds the byte stuffing to a command; its template has added the checksum.
func (b *stream) AddSum(frame []byte) []byte { return b.rules.stuffing.wrap(frame) }

// Decode reads the fields in the frame. ok is false if the frame belongs to another device.
func (b *stream) Decode(frame []byte) ([]relay.Reading, bool) {
	if !b.match.Fits(frame) {
		b.tap.Because("its bytes differ from match")
		return nil, false
	}
	b.readings = b.readings[:0]
	for i := range b.fields {
		f := &b.fields[i]
		if f.Match.Fits(frame) {
			b.readings = append(b.readings, f.Read(frame, b.tap))
		}
	}
	return b.readings, true
}
