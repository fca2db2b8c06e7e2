package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"minirelay/devices"
	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// textCommand has a template for texts.
func textCommand(send string) *codec.Command {
	c := mapping.DefaultCommand()
	c.ID, c.Type, c.Send = "say", relay.TypeText, send
	return &codec.Command{CommandConfig: c, Template: text.ParseTemplate(send), ConfirmField: -1}
}

// The law: whatever a person writes, the board sees one line, and the template around it.
func FuzzOneLinePerCommand(f *testing.F) {
	f.Add("SAY {value} #{seq}", "hello\r\nPUMP 1", uint8(3))
	f.Add(`{"s":"{value}"}`, `","pump":"1`, uint8(0))
	f.Fuzz(func(t *testing.T, template, value string, which uint8) {
		c := textCommand(template + "\n")
		d := Device()
		d.Commands = []mapping.CommandConfig{c.CommandConfig}
		if len(devices.CheckDevice(d)) > 0 {
			t.Skip()
		}
		text, err := c.Wire(relay.TextValue(value))
		if err != nil {
			t.Skip()
		}
		sum, _ := checksum.Of([]string{"none", "xor8", "crc16-ccitt", "crc32"}[which%4])
		b := sum.AddSum(c.Append(nil, text, 17), 0)
		if strings.Count(string(b), "\n") != 1 || b[len(b)-1] != '\n' || strings.ContainsAny(text, "\r\n\x00") {
			t.Errorf("%q with %q gives %q", template, value, b)
		}
		if got, ok := sum.Strip(b[:len(b)-1]); !ok || !strings.HasSuffix(template, "\r") && utf8.ValidString(template) && len(got) < len(text) {
			t.Errorf("%q is not sealed", b)
		}
	})
}

// A regular expression that does not compile is marked as such, so that a caller need not recognise the sentence.
func TestBrokenRegexpIsMarked(t *testing.T) {
	for _, tt := range []struct {
		expression string
		want       bool
	}{
		{"^OK (", true},
		{"^OK [9-0]", true},
		{".*", false},        // matches every line
		{"^OK {seq}", false}, // send has no {seq}
	} {
		c := textCommand("SAY {value}\n").CommandConfig
		c.Expect = tt.expression
		d := Device()
		d.Commands = []mapping.CommandConfig{c}
		problems := devices.CheckDevice(d)
		if len(problems) != 1 || problems[0].Key != "expect" || problems[0].Regexp != tt.want {
			t.Errorf("%q: %+v", tt.expression, problems)
		}
	}
}
