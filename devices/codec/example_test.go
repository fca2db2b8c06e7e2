package codec_test

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// letters reads lines such as "T21.5H40": each value is the number after its letter.
type letters struct {
	codec.NoSum           // its lines have no checksum
	codec.Readings        // collects the values of a line
	keys           string // the letter of each field
}

func newLetters(d mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	l := &letters{Readings: codec.NewReadings(d, tap)}
	for _, f := range d.Fields {
		l.keys += f.WireKey()
	}
	return l
}

func (l *letters) Decode(line []byte) ([]relay.Reading, bool) {
	l.Begin()
	for len(line) > 0 {
		letter, rest := line[0], line[1:]
		if letter < 'A' || letter > 'Z' {
			return l.Reject("a letter is missing")
		}
		end := bytes.IndexFunc(rest, unicode.IsUpper)
		if end < 0 {
			end = len(rest)
		}
		if i := strings.IndexByte(l.keys, letter); i >= 0 {
			l.SetText(i, rest[:end])
		}
		line = rest[end:]
	}
	if l.None() {
		return l.Reject("no field has one of its letters")
	}
	return l.End()
}

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
	lines := text.NewLineFramer(strings.NewReader("1H40\nT21.5H40\nT-3H140\nT1H40T2\nhello\n"), tap)
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
	// true temperature=null humidity=40
	// false
	// 2 implausible
}
