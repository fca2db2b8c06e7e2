package devices

import (
	"strings"
	"testing"
	"unicode/utf8"

	"minirelay/devices/codec"

	"minirelay/devices/mapping"

	"minirelay/devices/checksum"

	"minirelay/relay"
)

// textCommand has a template for texts.
func textCommand(send string) *codec.Command {
	c := mapping.DefaultCommand()
	c.ID, c.Type, c.Send = "say", relay.TypeText, send
	return &codec.Command{CommandConfig: c, Template: parseTemplate(send), ConfirmField: -1}
}

func TestTemplates(t *testing.T) {
	for _, tt := range []struct{ send, value, want string }{
		{"PUMP {value} #{seq}\n", "1", "PUMP 1 #42\n"},
		{"RESET\r\n", "", "RESET\r\n"},
		{"{value}{value}{seq}{seq}", "a", "aa4242"},
		{"{seq} {value}", "{seq}", "42 {seq}"},
		{`{"text":"{value}","id":{seq}}`, `a"b\c`, `{"text":"a\"b\\c","id":42}`},
		{`{"a":"{seq}","b":{value}}`, `1`, `{"a":"42","b":1}`},
		{`SAY "x" {value}`, `"`, `SAY "x" "`},
		{"{valu} {value", "a", "{valu} {value"},
		{"", "a", ""},
	} {
		if got := string(textCommand(tt.send).Append(nil, tt.value, 42)); got != tt.want {
			t.Errorf("%q with %q: %q", tt.send, tt.value, got)
		}
	}
}

func TestWireValues(t *testing.T) {
	number := func(decimals int, scale, offset float64) mapping.CommandConfig {
		return mapping.CommandConfig{Type: relay.TypeNumber, Decimals: decimals, Scale: scale, Offset: offset}
	}
	onOff := mapping.CommandConfig{Type: relay.TypeBool, Values: map[string]string{"true": "ON", "false": "OFF"}}
	mode := mapping.CommandConfig{Type: relay.TypeEnum, Values: map[string]string{"auto": "A"}}
	text := mapping.CommandConfig{Type: relay.TypeText, MaxLength: 9}
	for _, tt := range []struct {
		c     mapping.CommandConfig
		value relay.Value
		want  string // "": refused
	}{
		{number(-1, 1, 0), relay.NumberValue(21.5), "21.5"},
		{number(-1, 1, 0), relay.NumberValue(40), "40"},
		{number(-1, 0.1, 0), relay.NumberValue(21.5), "215"},
		{number(-1, 0.1, 0), relay.NumberValue(0.3), "3"},
		{number(-1, 0.1, -40), relay.NumberValue(21.5), "615"},
		{number(2, 1, 0), relay.NumberValue(21.5), "21.50"},
		{number(0, 1, 0), relay.NumberValue(21.5), "22"},
		{number(1, 1, 0), relay.NumberValue(-0.04), "0.0"},
		{number(-1, -1, 0), relay.NumberValue(0), "0"},
		{number(-1, 1, 0), relay.NumberValue(-0.5), "-0.5"},
		{number(-1, 1, 0), relay.NumberValue(1e-7), "0.0000001"},
		{number(-1, 1, 0), relay.NumberValue(1e15), ""},
		{onOff, relay.BoolValue(true), "ON"},
		{onOff, relay.BoolValue(false), "OFF"},
		{mapping.CommandConfig{Type: relay.TypeBool}, relay.BoolValue(true), "true"},
		{mode, relay.TextValue("auto"), "A"},
		{mode, relay.TextValue("manual"), "manual"},
		{text, relay.TextValue("温室 1"), "温室 1"},
		{text, relay.TextValue("0123456789"), ""},
		{text, relay.TextValue("a\nb"), ""},
		{text, relay.TextValue("a\u0085b"), ""},
		{text, relay.TextValue("a\u2028b"), ""},
		{text, relay.TextValue("\xff"), ""},
	} {
		c := codec.Command{CommandConfig: tt.c}
		if got, err := c.Wire(tt.value); got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%v as %s: %q, %v", tt.value, tt.c.Type, got, err)
		}
	}
}

// The law: whatever a person writes, the board sees one line, and the template around it.
func FuzzOneLinePerCommand(f *testing.F) {
	f.Add("SAY {value} #{seq}", "hello\r\nPUMP 1", uint8(3))
	f.Add(`{"s":"{value}"}`, `","pump":"1`, uint8(0))
	f.Fuzz(func(t *testing.T, template, value string, which uint8) {
		c := textCommand(template + "\n")
		d := device()
		d.Commands = []mapping.CommandConfig{c.CommandConfig}
		if len(CheckDevice(d)) > 0 {
			t.Skip()
		}
		text, err := c.Wire(relay.TextValue(value))
		if err != nil {
			t.Skip()
		}
		sum, _ := checksum.Of([]string{"none", "xor8", "crc16-ccitt", "crc32"}[which%4])
		b := sum.Seal(c.Append(nil, text, 17), 0)
		if strings.Count(string(b), "\n") != 1 || b[len(b)-1] != '\n' || strings.ContainsAny(text, "\r\n\x00") {
			t.Errorf("%q with %q gives %q", template, value, b)
		}
		if got, ok := sum.Strip(b[:len(b)-1]); !ok || !strings.HasSuffix(template, "\r") && utf8.ValidString(template) && len(got) < len(text) {
			t.Errorf("%q is not sealed", b)
		}
	})
}

func TestPatterns(t *testing.T) {
	for _, tt := range []struct {
		expression string
		kind       relay.Type
		words      []string
		line       string
		seq        int
		value      string
		want       codec.Verdict
		message    string
	}{
		{`^OK #{seq}`, "bool", nil, "OK #12", 12, "1", codec.Fits, ""},
		{`^OK #{seq}`, "bool", nil, "OK #123", 12, "1", codec.Foreign, ""},
		{`^OK #{seq}`, "bool", nil, "OK #0012", 12, "1", codec.Fits, ""},
		{`^OK #{seq}`, "bool", nil, "OK #x", 12, "1", codec.NoAnswer, ""},
		{`^{seq}:{seq}$`, "bool", nil, "12:13", 12, "1", codec.Foreign, ""},
		{`^{seq}:{seq}$`, "bool", nil, "12:12", 12, "1", codec.Fits, ""},
		{`^FAN={value}$`, "number", nil, "FAN=40.0", 1, "40", codec.Fits, ""},
		{`^FAN={value}$`, "number", nil, "FAN=41", 1, "40", codec.Foreign, ""},
		{`^FAN={value}$`, "number", nil, "FAN=.", 1, "40", codec.Foreign, ""},
		{`^M={value}!`, "enum", []string{"A", "A!"}, "M=A!!", 1, "A!", codec.Fits, ""},
		{`^M={value}$`, "enum", []string{"A", "B"}, "M=C", 1, "A", codec.NoAnswer, ""},
		{`^SAID {value}$`, "text", nil, "SAID a b", 1, "a b", codec.Fits, ""},
		{`^ERR (?P<message>.*)$`, "bool", nil, "ERR  no\tway ", 1, "1", codec.Fits, "noway"},
		{`^ERR( (?P<message>.+))?$`, "bool", nil, "ERR", 1, "1", codec.Fits, ""},
		{`^ERR (?P<message>.*)$`, "bool", nil, "ERR " + strings.Repeat("温", 500), 1, "1", codec.Fits, strings.Repeat("温", codec.MaxMessage) + "…"},
		{`^a{2}$`, "bool", nil, "aa", 1, "1", codec.Fits, ""},
	} {
		p, err := compilePattern(tt.expression, tt.kind, tt.words)
		if err != nil {
			t.Fatal(err)
		}
		if v, message := p.Match([]byte(tt.line), tt.seq, tt.value); v != tt.want || message != tt.message {
			t.Errorf("%s on %q: %v, %q", tt.expression, tt.line, v, message)
		}
	}
}

func TestSeqRunsFromOneToTheLast(t *testing.T) {
	l := &line{seq: codec.MaxSeq - 1}
	if a, b := l.nextSeq(), l.nextSeq(); a != codec.MaxSeq || b != 1 {
		t.Error(a, b)
	}
}
