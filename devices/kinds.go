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
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
)

// kind is what there is to know of a codec by its name. A device either talks by itself or is asked.
type kind struct {
	name string
	// check tells what is wrong with the keys of the codec's own.
	check func(*mapping.Checker)
	// talks makes the codec of a device that talks by itself; nil: it is asked.
	stream func(mapping.DeviceConfig, *wire.Tap) codec.Stream
	// cuts makes what cuts its frames; nil: they are lines of text. Who cuts has a framing.
	framer func(mapping.DeviceConfig, io.Reader, *wire.Tap) codec.Framer
	// framing tells devices apart that cannot talk on one port: only frames that are cut alike can be told apart
	// by their contents. nil: it shares its port with no device. "": neither does this one.
	framing func(mapping.DeviceConfig) string
	// asks makes the codec of a device that speaks when it is spoken to; nil: it talks by itself.
	poller func(mapping.DeviceConfig, *wire.Tap) codec.Poller
	// writes completes a command whose bytes are no line of text; nil: they are.
	writes func(mapping.DeviceConfig, *codec.Command)
	// advise tells what is hardly wanted of a device on its port, though it may work; nil: nothing.
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
		{name: "modbus-rtu", check: modbus.Check, poller: modbus.NewRTU},
		{name: "modbus-ascii", check: modbus.Check, poller: modbus.NewASCII},
		{name: "binary", check: binary.Check, stream: binary.New, framer: binary.NewFramer, framing: binary.Framing, writes: binary.CompleteCommand},
		{name: "dlt645", check: dlt645.Check, poller: dlt645.New, advise: dlt645.Advise},
	}
}

// kindOf gives the codec of a device. Codecs that depend on more than the name decide here.
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

// codecNames lists the names for people.
func codecNames() string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// Advise tells what is hardly wanted of a device on its port, though it may work.
func Advise(p serial.Config, c mapping.DeviceConfig) []mapping.Problem {
	if k, ok := kindOf(c); ok && k.advise != nil {
		return k.advise(p, c)
	}
	return nil
}

// CannotShare tells why two devices cannot hang on one port; "" if they can. On a shared line one asks and one
// answers: who talks by itself would talk into it.
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

// sameLines says whether one of two devices takes all lines of the other.
func sameLines(a, b mapping.DeviceConfig) bool {
	if a.Codec != b.Codec || !maps.Equal(a.Match, b.Match) {
		return false
	}
	return len(a.Match) > 0 || a.Codec == "nmea" || a.Codec == "regex" && slices.Equal(a.Patterns, b.Patterns)
}
