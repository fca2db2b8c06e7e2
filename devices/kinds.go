package devices

import (
	"io"
	"maps"
	"slices"
	"strings"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/codec/binary"
	"minirelay/devices/codec/dlt645"
	"minirelay/devices/codec/modbus"
	"minirelay/devices/codec/text"
	"minirelay/devices/computed"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
)

// kind holds the functions of a codec. A device either talks by itself or is polled.
type kind struct {
	name string
	// check adds the problems in the keys of this codec.
	check func(*mapping.Checker)
	// stream makes the codec of a device that talks by itself; nil: the device is polled.
	stream func(mapping.DeviceConfig, *wire.Tap) codec.Stream
	// framer makes the framer of a device; nil: its frames are lines of text. A kind with a framer has a framing.
	framer func(mapping.DeviceConfig, io.Reader, *wire.Tap) codec.Framer
	// framing names how the frames of a device are cut. Only devices whose frames are cut alike can share a port,
	// because then the contents of a frame show its device. nil or "": a device that talks by itself shares its port
	// with no other.
	framing func(mapping.DeviceConfig) string
	// poller makes the codec of a polled device; nil: the device talks by itself.
	poller func(mapping.DeviceConfig, *wire.Tap) codec.Poller
	// writes completes a command whose bytes are not a line of text; nil: they are.
	writes func(mapping.DeviceConfig, *codec.Command)
	// advise returns what works on this port but is hardly intended; nil: nothing.
	advise func(serial.Config, mapping.DeviceConfig) []mapping.Problem
}

// kinds lists the codecs in the order of the documentation.
func kinds() []kind {
	return []kind{
		{name: "json", check: text.CheckJSON, stream: text.NewJSON, framing: text.MatchedLines},
		{name: "csv", check: text.CheckCSV, stream: text.NewCSV, framing: text.MatchedLines},
		{name: "pairs", check: text.CheckPairs, stream: text.NewPairs, framing: text.MatchedLines},
		{name: "regex", check: text.CheckRegex, stream: text.NewRegex, framing: text.LinesOf},
		{name: "nmea", check: text.CheckNMEA, stream: text.NewNMEA, framing: text.LinesOf},
		{name: "at", check: text.CheckAT, poller: text.NewAT},
		{name: "modbus-rtu", check: modbus.Check, poller: modbus.NewRTU, advise: modbus.Advise},
		{name: "modbus-ascii", check: modbus.Check, poller: modbus.NewASCII, advise: modbus.Advise},
		{name: "binary", check: binary.Check, stream: binary.New, framer: binary.NewFramer, framing: binary.Framing, writes: binary.CompleteCommand},
		{name: "dlt645", check: dlt645.Check, poller: dlt645.New, advise: dlt645.Advise},
	}
}

// kindOf returns the kind of a device; false if its codec is unknown. The codecs that depend on more than their name
// are chosen here.
func kindOf(c mapping.DeviceConfig) (kind, bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == c.Codec })
	if i < 0 {
		return kind{}, false
	}
	k := all[i]
	if k.name == "binary" && len(c.Requests) > 0 {
		k.stream, k.framer, k.framing, k.poller = nil, nil, nil, binary.NewPoller
	}
	if k.name == "pairs" && c.Checksum == checksum.VEDirect {
		k.framer, k.framing = text.NewVEDirectFramer, func(mapping.DeviceConfig) string { return "" }
	}
	return k, true
}

// codecNames lists the names of all codecs for people.
func codecNames() string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// Advise returns settings of a device and its port that work but are hardly intended, with what to try. It touches no
// hardware.
func Advise(p serial.Config, c mapping.DeviceConfig) []mapping.Problem {
	k, ok := kindOf(c)
	var all []mapping.Problem
	switch {
	case !ok:
		return nil
	case k.advise != nil:
		all = k.advise(p, c)
	case k.writes == nil:
		all = text.AdviseText(c) // its commands are lines of text, or it has no text to send
	}
	if k.poller != nil && len(CheckDevice(c)) == 0 {
		for _, id := range computed.Mixed(c) {
			all = append(all, mapping.Problem{Field: id, Key: "expr", What: "it is computed from fields that are polled at different intervals: after a change it mixes old and new values",
				Try: "give these fields the same poll"})
		}
	}
	return all
}

// CannotShare returns why two devices cannot share one port, as a clause for people; "" if they can. On a shared line
// of polled devices one request has one answer: a device that talks by itself would disturb it.
func CannotShare(a, b mapping.DeviceConfig) string {
	ka, _ := kindOf(a)
	kb, _ := kindOf(b)
	lines := ka.framer == nil && kb.framer == nil && ka.stream != nil && kb.stream != nil
	switch {
	case ka.poller != nil && kb.poller != nil:
		return ""
	case lines && sameLines(a, b):
		return "both take the same lines: their match is the same"
	case ka.framer != nil && kb.framer != nil && a.Codec == b.Codec:
		return binary.Same(a, b)
	case ka.stream != nil && kb.stream != nil && ka.framing != nil && kb.framing != nil && ka.framing(a) == kb.framing(b) && ka.framing(a) != "":
		return ""
	case lines:
		return "their lines cannot be distinguished without a match in each"
	case ka.poller != nil || kb.poller != nil:
		return "a device that talks by itself cannot share a port with a device that is polled"
	}
	return "devices that talk by themselves cannot share a port"
}

// sameLines reports whether one of two devices accepts all lines of the other.
func sameLines(a, b mapping.DeviceConfig) bool {
	if a.Codec != b.Codec || !maps.Equal(a.Match, b.Match) {
		return false
	}
	return len(a.Match) > 0 || a.Codec == "nmea" || a.Codec == "regex" && slices.Equal(a.Patterns, b.Patterns)
}
