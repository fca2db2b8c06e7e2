package text_test

import (
	"fmt"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// A line is cut out of a byte stream and decoded. The first line of a stream may be half a line.
func ExampleNewJSON() {
	d := mapping.DefaultDevice()
	temperature := mapping.DefaultField()
	temperature.ID, temperature.Key, temperature.Type = "temperature", "t", relay.TypeNumber
	d.Fields = []mapping.FieldConfig{temperature}

	var tap wire.Tap
	lines := text.NewLineFramer(strings.NewReader("1.5}\n{\"t\":21.5}\n"), &tap)
	decoder := text.NewJSON(d, &tap)
	for {
		frame, err := lines.Next(d.MaxFrame)
		if err != nil {
			break
		}
		readings, ok := decoder.Decode(frame.Bytes)
		fmt.Println(frame.Whole, ok, len(readings))
		for _, r := range readings {
			fmt.Println(d.Fields[r.Field].ID, r.Value)
		}
	}
	// Output:
	// false false 0
	// true true 1
	// temperature 21.5
}

// A pattern recognises the answer to its own command.
func ExampleCompilePattern() {
	line, _ := text.ParseTemplate("PUMP {value} #{seq}\n").Append(nil, "1", 42)
	fmt.Printf("%q\n", line)
	p, _ := text.CompilePattern("^OK #{seq}$", relay.TypeBool, []string{"0", "1"})
	for _, answer := range []string{"OK #42", "OK #41", "21.5"} {
		verdict, _ := p.Match([]byte(answer), 42, "1")
		fmt.Println(answer, verdict == codec.Fits)
	}
	// Output:
	// "PUMP 1 #42\n"
	// OK #42 true
	// OK #41 false
	// 21.5 false
}
