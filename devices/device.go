package devices

import (
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	"minirelay/devices/computed"
	"minirelay/devices/mapping"
	"minirelay/devices/missed"
	"minirelay/devices/schedule"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// device is a compiled DeviceConfig that is attached to the relay.
type device struct {
	config   mapping.DeviceConfig
	stream   codec.Stream          // nil: the device is polled
	poller   codec.Poller          // nil: the device talks by itself
	computed *computed.Computation // nil: no field is computed
	preview  *preview              // the computed fields as watchers see them; nil until a watcher looks
	polls    *pollCounts           // nil: the device talks by itself
	schedule schedule.Schedule     // of the poller; only the owner of the port touches it
	missing  missed.Fields         // fields without a good value
	reported bool                  // the log says that it does not answer
	parted   bool                  // the log says that a request had to be split
	framing  string                // how its frames are cut; "polled" for a polled device
	commands []*codec.Command      // in the order of the model
	device   *relay.Device
}

// compile turns a description without problems into a device; it is not attached to the relay yet.
func compile(c mapping.DeviceConfig, tap *wire.Tap) *device {
	m := &device{config: c}
	m.missing = missed.New(&m.config)
	k, _ := kindOf(c)
	switch {
	case k.poller != nil:
		m.poller, m.framing = newPoller(k, c, tap), "polled"
		m.schedule, m.polls = schedule.New(m.poller.Queries()), new(pollCounts)
	case k.framer == nil:
		m.stream, m.framing = newStream(k, c, tap), text.LinesFraming
	default:
		m.stream, m.framing = newStream(k, c, tap), k.framing(c)
	}
	m.computed = m.newComputation(tap)
	known := map[string]*text.Pattern{}
	for _, cc := range c.Commands {
		cmd := &codec.Command{CommandConfig: cc, ConfirmField: -1}
		if k.writes != nil {
			k.writes(c, cmd)
		} else {
			cmd.Template = text.CommandTemplate(c, cc)
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

// newComputation compiles the computed fields; nil if there are none. What one round of polling reads is one picture.
func (m *device) newComputation(tap *wire.Tap) *computed.Computation {
	c := computed.New(m.config, tap)
	if c != nil && m.poller != nil {
		c.InRounds(func(place int) time.Duration { return m.poller.Reads(place).Every }, m.schedule.Start)
	}
	return c
}

// carryOver keeps, across a change of the description, the counters of the device and what its codec has learnt from
// frames that the board does not repeat.
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

// newStream returns the codec of a device that talks by itself. The codec sees only the fields that are on the wire.
func newStream(k kind, c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	wire, places := c.OnTheWire()
	stream := k.stream(wire, tap)
	if places != nil {
		return codec.PlaceStream(stream, places)
	}
	return stream
}

// newPoller returns the codec of a polled device. The codec sees only the fields that are on the wire.
func newPoller(k kind, c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	wire, places := c.OnTheWire()
	if places != nil {
		groups := computed.Together(c)
		for i, p := range places {
			wire.Fields[i].Together = groups[p]
		}
	}
	a := k.poller(wire, tap)
	if places != nil {
		return codec.PlacePoller(a, places, len(c.Fields))
	}
	return a
}

// framer returns the framer that cuts stream into the frames of the device.
func (m *device) framer(stream io.Reader, tap *wire.Tap) codec.Framer {
	if k, _ := kindOf(m.config); k.framer != nil {
		return k.framer(m.config, stream, tap)
	}
	if m.config.Codec == "json" && m.config.Checksum == "none" {
		return text.NewObjectFramer(stream, tap)
	}
	return text.NewLineFramer(stream, tap)
}

// fieldsOf returns the ids of the fields that a query reads, separated by commas.
func (m *device) fieldsOf(q *codec.Query) string {
	var ids []string
	for i, f := range m.config.Fields {
		if m.poller.Reads(i) == q {
			ids = append(ids, f.ID)
		}
	}
	return strings.Join(ids, ",")
}

// matchless is the pattern that no frame matches.
type matchless struct{}

// Match implements [codec.Pattern].
func (matchless) Match([]byte, int, string) (codec.Verdict, string) { return codec.NoAnswer, "" }

// sharedPattern compiles an expression; nil for "". Most boards answer all commands alike, and a compiled
// expression takes some 2 KiB: expressions that do not depend on the value are compiled once.
func sharedPattern(known map[string]*text.Pattern, expression string, c mapping.CommandConfig) codec.Pattern {
	if expression == "" {
		return nil
	}
	if p := known[expression]; p != nil {
		return p
	}
	p, err := text.CompilePattern(expression, c.Type, mapping.CommandWords(c))
	if err != nil {
		return matchless{} // only a codec that does not use the expression leaves it unchecked
	}
	if !p.DependsOnValue() {
		known[expression] = p
	}
	return p
}

// slack is how far the reading may differ from the commanded value: the tolerance, or by default half of the field's
// last digit.
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

// modelOf returns the device as clients see it.
func modelOf(c mapping.DeviceConfig) relay.Model {
	m := relay.Model{Device: c.ID, Name: c.Name, OfflineAfter: c.OfflineAfter, MinInterval: c.MinInterval,
		OnChange: c.Publish == "change", Topic: c.Topic}
	if len(c.Fields) == 0 {
		m.OfflineAfter = 0 // it sends no readings by itself: it is online while its port is open
	}
	for _, f := range c.Fields {
		field := relay.Field{ID: f.ID, Name: f.Name, Type: f.Type, Unit: f.Unit, Decimals: f.Decimals,
			Range: relay.Range{Min: f.Min, Max: f.Max}, StaleAfter: f.StaleIn(c), Topic: f.Topic, Hidden: f.Hidden}
		field.Derived = f.Computed()
		if f.Type == relay.TypeEnum {
			field.Options = relayOptions(mapping.EnumOptions(f.Options, f.Values))
		}
		m.Fields = append(m.Fields, field)
	}
	for _, cc := range c.Commands {
		command := relay.Command{ID: cc.ID, Name: cc.Name, Type: cc.Type, Field: cc.Field, Unit: cc.Unit,
			Range: relay.Range{Min: cc.Min, Max: cc.Max}, Step: cc.Step, MaxLength: cc.MaxLength, Allow: mapping.TextOf(cc.Allow), Ask: cc.Ask,
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

// renamed returns the device among before from which c differs only in names and other texts for people; nil if there
// is none.
func renamed(before []*device, c mapping.DeviceConfig) *device {
	i := slices.IndexFunc(before, func(m *device) bool { return m.config.ID == c.ID })
	if i < 0 || !reflect.DeepEqual(before[i].config.Nameless(), c.Nameless()) {
		return nil
	}
	return before[i]
}
