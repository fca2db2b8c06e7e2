package devices

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"minirelay/devices/wire"

	"minirelay/relay"
)

// mapping is a compiled DeviceConfig that is attached to the relay.
type mapping struct {
	config   DeviceConfig
	codec    Codec         // nil: it is asked
	asker    asker         // nil: it talks by itself
	computed *computation  // nil: no field is worked out
	preview  *preview      // of them, for who watches
	polls    *pollCounters // of an asker
	rounds   rounds        // of an asker: when it is asked what; only the owner of the port touches it
	framing  string        // how its frames are cut; "asked" if it is asked
	commands []*command    // in the order of the model
	device   *relay.Device
}

// compile turns a config without problems into a mapping; it is not attached yet.
func compile(c DeviceConfig, count *wire.Counters) *mapping {
	m := &mapping{config: c, computed: newComputation(c, count)}
	k, _ := kindOf(c)
	switch {
	case k.asks != nil:
		m.asker, m.framing = newAsker(k, c, count), "asked"
		m.rounds, m.polls = newRounds(m.asker.queries()), new(pollCounters)
	case k.cuts == nil:
		m.codec, m.framing = newTalker(k, c, count), linesFraming
	default:
		m.codec, m.framing = newTalker(k, c, count), k.framing(c)
	}
	known := map[string]*pattern{}
	for _, cc := range c.Commands {
		cmd := &command{CommandConfig: cc, confirm: -1}
		if k.writes != nil {
			k.writes(c, cmd)
		} else {
			cmd.parts = parseTemplate(cc.Send)
			cmd.expect = sharedPattern(known, cc.Expect, cc)
			cmd.refuse = sharedPattern(known, cc.Refuse, cc)
		}
		if cc.Confirm != "" {
			cmd.confirm = c.fieldIndex(cc.Confirm)
			cmd.slack = slack(cc, c.Fields[cmd.confirm])
		}
		m.commands = append(m.commands, cmd)
	}
	return m
}

// learnFrom lets the codec keep what the device has said once and will not say again only because its mapping has
// changed, and counts on.
func (m *mapping) learnFrom(before []*mapping) {
	for _, b := range before {
		if b.config.ID == m.config.ID {
			learnFrom(m.codec, b.codec)
			if m.polls != nil && b.polls != nil {
				m.polls = b.polls
			}
		}
	}
}

func learnFrom(c, before Codec) {
	if p, ok := before.(*placedCodec); ok {
		before = p.Codec
	}
	if l, ok := c.(interface{ learnFrom(before Codec) }); ok {
		l.learnFrom(before)
	}
}

// newTalker makes the codec of a device that talks by itself. It sees only what is on the wire.
func newTalker(k kind, c DeviceConfig, count *wire.Counters) Codec {
	wire, places := c.onTheWire()
	codec := k.talks(wire, count)
	if places != nil {
		return &placedCodec{codec, placement{places: places}}
	}
	return codec
}

// newAsker makes that of a device that is asked.
func newAsker(k kind, c DeviceConfig, count *wire.Counters) asker {
	wire, places := c.onTheWire()
	a := k.asks(wire, count)
	if places != nil {
		return newPlacedAsker(a, places, len(c.Fields))
	}
	return a
}

// cutter cuts the frames of a stream.
func (m *mapping) cutter(stream io.Reader, count *wire.Counters) Cutter {
	if k, _ := kindOf(m.config); k.cuts != nil {
		return k.cuts(m.config, stream, count)
	}
	return NewFramer(stream, count)
}

// fieldsOf lists the fields that a query reads.
func (m *mapping) fieldsOf(q *query) string {
	var ids []string
	for i, f := range m.config.Fields {
		if m.asker.reads(i) == q {
			ids = append(ids, f.ID)
		}
	}
	return strings.Join(ids, ",")
}

// fieldIndex is the place of a field; -1 if there is none.
func (c DeviceConfig) fieldIndex(id string) int {
	return slices.IndexFunc(c.Fields, func(f FieldConfig) bool { return f.ID == id })
}

// sharedPattern compiles an expression without faults; nil for none. Most boards answer all commands alike, and a
// compiled expression takes some 2 KiB: those that do not depend on the value are kept once.
func sharedPattern(known map[string]*pattern, expression string, c CommandConfig) *pattern {
	if expression == "" {
		return nil
	}
	if p := known[expression]; p != nil {
		return p
	}
	p, _ := compilePattern(expression, c.Type, commandWords(c))
	if len(p.value) == 0 {
		known[expression] = p
	}
	return p
}

// commandWords lists what a bool or an enum may become on the wire.
func commandWords(c CommandConfig) []string {
	var words []string
	switch c.Type {
	case relay.TypeBool:
		words = []string{wireText(c.Values, "true"), wireText(c.Values, "false")}
	case relay.TypeEnum:
		for _, o := range enumOptions(c.Options, c.Values) {
			words = append(words, wireText(c.Values, o.Value))
		}
	}
	return words
}

// enumOptions are the choices: as listed, or else the keys of values.
func enumOptions(options []OptionConfig, values map[string]string) []OptionConfig {
	if len(options) > 0 {
		return options
	}
	for _, v := range slices.Sorted(maps.Keys(values)) {
		options = append(options, OptionConfig{Value: v})
	}
	return options
}

// slack is how far the field may differ from what was asked: by default half of its last digit.
func slack(c CommandConfig, f FieldConfig) float64 {
	if c.Tolerance >= 0 {
		return c.Tolerance
	}
	if f.Decimals < 0 {
		return 0
	}
	half := 0.5
	for range f.Decimals {
		half /= 10
	}
	return half
}

// model is the device as clients see it.
func modelOf(c DeviceConfig) relay.Model {
	m := relay.Model{Device: c.ID, Name: c.Name, OfflineAfter: c.OfflineAfter, MinInterval: c.MinInterval,
		OnChange: c.Publish == "change", Topic: c.Topic}
	if len(c.Fields) == 0 {
		m.OfflineAfter = 0 // it says nothing by itself: it is there while its port is
	}
	for _, f := range c.Fields {
		field := relay.Field{ID: f.ID, Name: f.Name, Type: f.Type, Unit: f.Unit, Decimals: f.Decimals,
			Range: relay.Range{Min: f.Min, Max: f.Max}, StaleAfter: f.staleAfter(c), Topic: f.Topic}
		field.Derived = f.computed()
		if f.Type == relay.TypeEnum {
			field.Options = relayOptions(enumOptions(f.Options, f.Values))
		}
		m.Fields = append(m.Fields, field)
	}
	for _, cc := range c.Commands {
		command := relay.Command{ID: cc.ID, Name: cc.Name, Type: cc.Type, Field: cc.Field, Unit: cc.Unit,
			Range: relay.Range{Min: cc.Min, Max: cc.Max}, Step: cc.Step, MaxLength: cc.MaxLength, Ask: cc.Ask,
			MaxAge: cc.MaxAge, Topic: cc.Topic}
		if command.Field == "" {
			command.Field = cc.Confirm
		}
		if cc.Type == relay.TypeEnum {
			command.Options = relayOptions(enumOptions(cc.Options, cc.Values))
		}
		m.Commands = append(m.Commands, command)
	}
	return m
}

func relayOptions(options []OptionConfig) []relay.Option {
	var out []relay.Option
	for _, o := range options {
		out = append(out, relay.Option{Value: o.Value, Name: o.Name})
	}
	return out
}

// name says what of a device a problem is about.
func (p Problem) name() string {
	switch {
	case p.Field != "":
		return "field " + strconv.Quote(p.Field) + ": "
	case p.Table != "":
		return p.Table + ": "
	case p.Command != "":
		return "command " + strconv.Quote(p.Command) + ": "
	}
	return ""
}
