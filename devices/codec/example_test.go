package codec_test

import (
	"bytes"
	"fmt"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// letters reads lines such as "T21.5H40": each value is the number after its letter.
type letters struct {
	tap      *wire.Tap
	keys     string // the letter of each field
	fields   []codec.WireField
	readings []relay.Reading
}

func newLetters(d mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	l := &letters{tap: tap}
	for _, f := range d.Fields {
		l.keys += f.WireKey()
		l.fields = append(l.fields, codec.NewWireField(f))
	}
	return l
}

func (l *letters) Decode(text []byte) ([]relay.Reading, bool) {
	l.readings = l.readings[:0]
	for rest := text; len(rest) > 0; {
		if before := text[:len(text)-len(rest)]; rest[0] < 'A' || rest[0] > 'Z' || bytes.IndexByte(before, rest[0]) >= 0 {
			l.tap.Because("a letter is missing, or is there twice")
			return nil, false
		}
		end := 1
		for end < len(rest) && (rest[end] < 'A' || rest[end] > 'Z') {
			end++
		}
		if i := strings.IndexByte(l.keys, rest[0]); i >= 0 {
			l.read(i, rest[1:end])
		}
		rest = rest[end:]
	}
	if len(l.readings) == 0 {
		l.tap.Because("no field has one of its letters")
		return nil, false
	}
	return l.readings, true
}

func (l *letters) read(i int, text []byte) {
	field := &l.fields[i]
	token := field.Token(text, false)
	value, ok := field.Read(token)
	if !ok {
		l.tap.Implausible.Add(1)
		if l.tap.Watched() { // else the words are not worth composing
			l.tap.Because(field.ID + ": " + field.Explain(codec.Fault{Field: i, Value: token}))
		}
	}
	l.readings = append(l.readings, relay.Reading{Field: i, Value: value})
}

func (l *letters) CheckSum(line []byte) ([]byte, bool) { return line, true }
func (l *letters) HasSum() bool                        { return false }
func (l *letters) AddSum(line []byte) []byte           { return line }

func checkLetters(k *mapping.Checker) {
	seen := map[string]bool{}
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		key := f.WireKey()
		if len(key) != 1 || key[0] < 'A' || key[0] > 'Z' {
			k.Add("key", fmt.Sprintf("%q is not a capital letter", key), `write the letter of the value, for example key = "T"`)
		} else if seen[key] {
			k.Add("key", fmt.Sprintf("another field has %q too", key), "give each field its own letter")
		}
		seen[key] = true
	}
}

// A codec of one's own, from its description to the readings. docs/codec.md explains it.
func Example() {
	temperature, humidity := mapping.DefaultField(), mapping.DefaultField()
	temperature.ID, temperature.Key, temperature.Type = "temperature", "T", relay.TypeNumber
	humidity.ID, humidity.Key, humidity.Type, humidity.Max = "humidity", "H", relay.TypeNumber, 100
	device := mapping.DefaultDevice()
	device.ID, device.Fields = "shed", []mapping.FieldConfig{temperature, humidity}

	tap := new(wire.Tap)
	stream := newLetters(device, tap)
	lines := text.NewLineFramer(strings.NewReader("1H40\nT21.5H40\nT-3H140\nhello\n"), tap)
	for {
		frame, err := lines.Next(device.MaxFrame)
		if err != nil {
			break
		}
		readings, ok := stream.Decode(frame.Bytes)
		fmt.Print(ok)
		for _, r := range readings {
			fmt.Printf(" %s=%v", device.Fields[r.Field].ID, r.Value)
		}
		fmt.Println()
	}
	fmt.Println(tap.Counts().Implausible, "implausible")
	// Output:
	// false
	// true temperature=21.5 humidity=40
	// true temperature=-3 humidity=null
	// false
	// 1 implausible
}
