package devices

import (
	"io"
	"reflect"
	"slices"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	"minirelay/devices/computed"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// device is a compiled DeviceConfig that is attached to the relay.
type device struct {
	config   mapping.DeviceConfig
	stream   codec.Stream          // nil: it is asked
	poller   codec.Poller          // nil: it talks by itself
	computed *computed.Computation // nil: no field is worked out
	preview  *preview              // of them, for who watches
	polls    *pollCounts           // of an asker
	schedule schedule              // of an asker: when it is asked what; only the owner of the port touches it
	framing  string                // how its frames are cut; "asked" if it is asked
	commands []*codec.Command      // in the order of the model
	device   *relay.Device
}

// compile turns a config without problems into a mapping; it is not attached yet.
func compile(c mapping.DeviceConfig, tap *wire.Tap) *device {
	m := &device{config: c, computed: computed.New(c, tap)}
	k, _ := kindOf(c)
	switch {
	case k.poller != nil:
		m.poller, m.framing = newPoller(k, c, tap), "asked"
		m.schedule, m.polls = newSchedule(m.poller.Queries()), new(pollCounts)
	case k.framer == nil:
		m.stream, m.framing = newStream(k, c, tap), text.LinesFraming
	default:
		m.stream, m.framing = newStream(k, c, tap), k.framing(c)
	}
	known := map[string]*text.Pattern{}
	for _, cc := range c.Commands {
		cmd := &codec.Command{CommandConfig: cc, ConfirmField: -1}
		if k.writes != nil {
			k.writes(c, cmd)
		} else {
			cmd.Template = text.ParseTemplate(cc.Send)
			cmd.Yes = sharedPattern(known, cc.Expect, cc)
			cmd.No = sharedPattern(known, cc.Refuse, cc)
		}
		if cc.Confirm != "" {
			cmd.ConfirmField = c.FieldIndex(cc.Confirm)
			cmd.Slack = slack(cc, c.Fields[cmd.ConfirmField])
		}
		m.commands = append(m.commands, cmd)
	}
	return m
}

// carryOver lets the codec keep what the device has said once and will not say again only because its mapping has
// changed, and counts on.
func (m *device) carryOver(before []*device) {
	for _, b := range before {
		if b.config.ID == m.config.ID {
			codec.CarryOver(m.stream, b.stream)
			if m.polls != nil && b.polls != nil {
				m.polls = b.polls
			}
		}
	}
}

// newStream makes the codec of a device that talks by itself. It sees only what is on the wire.
func newStream(k kind, c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	wire, places := c.OnTheWire()
	talker := k.stream(wire, tap)
	if places != nil {
		return codec.PlaceStream(talker, places)
	}
	return talker
}

// newPoller makes that of a device that is asked.
func newPoller(k kind, c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	wire, places := c.OnTheWire()
	a := k.poller(wire, tap)
	if places != nil {
		return codec.PlacePoller(a, places, len(c.Fields))
	}
	return a
}

// framer cuts the frames of a stream.
func (m *device) framer(stream io.Reader, tap *wire.Tap) codec.Framer {
	if k, _ := kindOf(m.config); k.framer != nil {
		return k.framer(m.config, stream, tap)
	}
	return text.NewLineFramer(stream, tap)
}

// fieldsOf lists the fields that a query reads.
func (m *device) fieldsOf(q *codec.Query) string {
	var ids []string
	for i, f := range m.config.Fields {
		if m.poller.Reads(i) == q {
			ids = append(ids, f.ID)
		}
	}
	return strings.Join(ids, ",")
}

// sharedPattern compiles an expression without faults; nil for none. Most boards answer all commands alike, and a
// compiled expression takes some 2 KiB: those that do not depend on the value are kept once.
func sharedPattern(known map[string]*text.Pattern, expression string, c mapping.CommandConfig) codec.Pattern {
	if expression == "" {
		return nil
	}
	if p := known[expression]; p != nil {
		return p
	}
	p, _ := text.CompilePattern(expression, c.Type, mapping.CommandWords(c))
	if !p.DependsOnValue() {
		known[expression] = p
	}
	return p
}

// slack is how far the field may differ from what was asked: by default half of its last digit.
func slack(c mapping.CommandConfig, f mapping.FieldConfig) float64 {
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
func modelOf(c mapping.DeviceConfig) relay.Model {
	m := relay.Model{Device: c.ID, Name: c.Name, OfflineAfter: c.OfflineAfter, MinInterval: c.MinInterval,
		OnChange: c.Publish == "change", Topic: c.Topic}
	if len(c.Fields) == 0 {
		m.OfflineAfter = 0 // it says nothing by itself: it is there while its port is
	}
	for _, f := range c.Fields {
		field := relay.Field{ID: f.ID, Name: f.Name, Type: f.Type, Unit: f.Unit, Decimals: f.Decimals,
			Range: relay.Range{Min: f.Min, Max: f.Max}, StaleAfter: f.StaleIn(c), Topic: f.Topic}
		field.Derived = f.Computed()
		if f.Type == relay.TypeEnum {
			field.Options = relayOptions(mapping.EnumOptions(f.Options, f.Values))
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
			command.Options = relayOptions(mapping.EnumOptions(cc.Options, cc.Values))
		}
		m.Commands = append(m.Commands, command)
	}
	return m
}

func relayOptions(options []mapping.OptionConfig) []relay.Option {
	var out []relay.Option
	for _, o := range options {
		out = append(out, relay.Option{Value: o.Value, Name: o.Name})
	}
	return out
}

// renamed gives the mapping among before from which c differs in nothing but what people read; nil if there is none.
func renamed(before []*device, c mapping.DeviceConfig) *device {
	i := slices.IndexFunc(before, func(m *device) bool { return m.config.ID == c.ID })
	if i < 0 || !reflect.DeepEqual(before[i].config.Nameless(), c.Nameless()) {
		return nil
	}
	return before[i]
}
