package dlt645

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// meter is an electricity meter that speaks DL/T 645-2007. It is only read: switching a meter's relay or setting its
// clock takes passwords that belong to who runs the grid.
type poller struct {
	config  mapping.DeviceConfig
	address address
	queries []*codec.Query
	byField []int // by field: its query
	count   *wire.Counters
}

const (
	shortAnswer = 4 + overhead + 4 + 16  // bytes of a usual answer: FE, identifier and a few more
	longAnswer  = 4 + overhead + 4 + 200 // bytes of the longest one (5.2.5)
	// meterPause lies before each request: a meter may take 20 ms to let go of the line (7.3.3).
	pauseBefore = 20 * time.Millisecond
	// maxFollowUps bounds how many frames one answer may take.
	maxFollowUps = 16
)

func New(c mapping.DeviceConfig, count *wire.Counters) codec.Poller {
	m := &poller{config: c, count: count}
	m.address, _ = parseAddress(c.Address)
	byID := map[uint32]int{}
	fields := map[uint32][]*field{}
	for i, f := range c.Fields {
		field := newField(i, f)
		id := field.quantity.id
		if _, ok := byID[id]; !ok {
			byID[id] = len(m.queries)
			m.queries = append(m.queries, nil)
		}
		fields[id] = append(fields[id], &field)
		m.byField = append(m.byField, byID[id])
	}
	for id, at := range byID {
		m.queries[at] = m.query(id, fields[id])
	}
	return m
}

// query makes what asks for one identifier.
func (m *poller) query(id uint32, fields []*field) *codec.Query {
	base := codec.Query{Name: fields[0].quantity.key, Every: m.every(fields), Length: shortAnswer}
	for _, f := range fields {
		base.Length = max(base.Length, shortAnswer+f.At+f.Value.Length)
	}
	if id == addressID {
		return m.complete(base, controlReadAddress, nil, func(f frame) (r codec.Response, v codec.Verdict) {
			return m.readings(f.data, fields), codec.Fits
		})
	}
	di := binary.LittleEndian.AppendUint32(nil, id)
	base.Name = fmt.Sprintf("%s (%08X)", base.Name, id)
	return m.complete(base, controlRead, di, func(f frame) (codec.Response, codec.Verdict) {
		return m.part(base, di, nil, 0, f, fields)
	})
}

// every is how often fields of one identifier are asked for: as often as the most impatient wants.
func (m *poller) every(fields []*field) time.Duration {
	fastest := time.Duration(0)
	for _, f := range fields {
		if every := m.config.Fields[f.Index].Polled(m.config.Poll); fastest == 0 || every < fastest {
			fastest = every
		}
	}
	return fastest
}

// part takes one frame of an answer. before is the data that came already, and turn the number of the frame.
func (m *poller) part(base codec.Query, di, before []byte, turn byte, f frame, fields []*field) (codec.Response, codec.Verdict) {
	if len(f.data) < 4 || string(f.data[:4]) != string(di) {
		return codec.Response{}, codec.NoAnswer
	}
	data := f.data[4:]
	if turn > 0 {
		if len(data) < 1 || data[len(data)-1] != turn {
			return codec.Response{}, codec.NoAnswer
		}
		data = data[:len(data)-1]
	}
	data = append(slices.Clone(before), data...)
	if f.control&controlHasMore == 0 || turn == maxFollowUps {
		return m.readings(data, fields), codec.Fits
	}
	next := turn + 1
	base.Length = longAnswer
	then := m.complete(base, controlReadMore, append(slices.Clone(di), next), func(f frame) (codec.Response, codec.Verdict) {
		return m.part(base, di, data, next, f, fields)
	})
	return codec.Response{Then: then}, codec.Fits
}

// asking completes a query whose answer use takes.
func (m *poller) complete(q codec.Query, control byte, data []byte, use func(frame) (codec.Response, codec.Verdict)) *codec.Query {
	address := m.address
	if control == controlReadAddress {
		address, _ = parseAddress(mapping.AnyMeter)
	}
	q.Request = appendFrame(bytes.Repeat([]byte{0xFE}, m.config.WakeUp), address, control, data)
	q.Timeout, q.Retries = m.config.PollConfig.Timeout, m.config.PollConfig.Retries
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		for {
			f, rest, ok, waiting := nextFrame(got)
			switch {
			case !ok && quiet && !waiting:
				m.count.Because("it contains no intact frame that answers the request")
				return codec.Response{}, codec.Garbled
			case !ok:
				return codec.Response{}, codec.NoAnswer
			}
			got = rest
			if f.control&^(controlRefused|controlHasMore) != control|controlAnswer || !m.address.fits(f.address[:]) {
				continue
			}
			if f.control&controlRefused != 0 {
				return codec.Response{Refusal: refusal(f.data), Hint: "remove the field if the meter has no such data"}, codec.Refused
			}
			if r, v := use(f); v != codec.NoAnswer {
				return r, v
			}
		}
	}
	return &q
}

func (m *poller) readings(data []byte, fields []*field) (r codec.Response) {
	for _, f := range fields {
		r.Readings = append(r.Readings, f.read(data, m.count))
	}
	return r
}

func (m *poller) Queries() []*codec.Query { return m.queries }

func (m *poller) Reads(field int) *codec.Query { return m.queries[m.byField[field]] }

func (m *poller) Write(*codec.Command, relay.Value) (*codec.Query, error) {
	return nil, errors.New("a meter is read-only")
}

func (m *poller) Timing(serial.Config) codec.Timing { return codec.Timing{Before: pauseBefore} }

// Check checks the keys of a meter.
func Check(k *mapping.Checker) {
	k.Polls()
	k.At = mapping.Problem{}
	if _, ok := parseAddress(k.Device.Address); !ok {
		k.Add("address", fmt.Sprintf("%q is not the address of a meter", k.Device.Address),
			"write the 12 digits that are printed on it, or "+mapping.AnyMeter+" if it is the only one on the line")
	}
	if k.Device.WakeUp < 0 || k.Device.WakeUp > 16 {
		k.Add("wake_up", "it must be 0 to 16", "leave it out for 4")
	}
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		checkField(k, f)
	}
	for _, c := range k.Device.Commands {
		k.At = mapping.Problem{Command: c.ID}
		k.Add("type", "a meter is read-only", "leave the command out")
	}
}

func checkField(k *mapping.Checker, f mapping.FieldConfig) {
	d, named, ok := quantityOf(f)
	switch {
	case !ok:
		k.Add("key", fmt.Sprintf("%q is neither a name nor the eight digits of a data identifier", f.WireKey()),
			"use one like 02010100, or "+strings.Join(namesLike(f.WireKey()), ", "))
	case named && (f.FormatConfig != mapping.DefaultFormat() || f.At != mapping.Nowhere):
		k.Add("format", fmt.Sprintf("the format of %s is fixed", d.key), "leave format, length, at, bit and bits out")
	case named && d.text != nil && f.Type != relay.TypeText:
		k.Add("type", d.key+" is a text", `use type = "text"`)
	case named && d.text == nil && f.Type != relay.TypeNumber:
		k.Add("type", d.key+" is a number", `use type = "number"`)
	case f.ByteOrder != "big" || f.WordOrder != "":
		k.Add("byte_order", "a meter always sends the low byte first", "leave it out")
	case !named:
		if f.Format == "" && f.Type != relay.TypeText {
			f.Format = codec.FormatBCD
		}
		codec.CheckValueFormat(k, f.FormatConfig, f.Type)
	}
}

// names lists the names in the order of the alphabet.
func names() []string {
	names := map[string]bool{}
	for _, d := range catalogue() {
		names[d.key] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// namesLike lists the names that begin as key does, or those of which there is one without a phase or tariff.
func namesLike(key string) []string {
	const enough = 4 // letters that tell what is meant
	var like, plain []string
	for _, name := range names() {
		if len(key) >= enough && strings.HasPrefix(name, key[:enough]) {
			like = append(like, name)
		}
		if !strings.Contains(name, "_tariff_") && !slices.Contains([]string{"_b", "_c"}, name[len(name)-2:]) {
			plain = append(plain, name)
		}
	}
	if len(like) > 0 {
		return like
	}
	return plain
}

// Advise tells of a port on which a meter will hardly be heard.
func Advise(p serial.Config, _ mapping.DeviceConfig) []mapping.Problem {
	if strings.HasPrefix(p.Path, serial.TCPScheme) {
		return nil // what the serial server does is set up there
	}
	var all []mapping.Problem
	if p.Parity != "even" || p.DataBits != 8 || p.StopBits != 1 {
		all = append(all, mapping.Problem{Key: "port", What: "DL/T 645 meters use 8 data bits, even parity and 1 stop bit; the port is set differently",
			Try: fmt.Sprintf("write parity = \"even\" in [ports.%s], unless the meter differs", p.ID)})
	}
	if !slices.Contains([]int{600, 1200, 2400, 4800, 9600, 19200}, p.Baud) {
		all = append(all, mapping.Problem{Key: "port", What: fmt.Sprintf("DL/T 645 meters do not support %d baud", p.Baud),
			Try: fmt.Sprintf("write baud = 2400 in [ports.%s]: that is their factory setting", p.ID)})
	}
	return all
}
