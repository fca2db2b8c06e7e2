package text

import (
	"strings"
	"testing"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// textCommand has a template for texts.
func textCommand(send string) *codec.Command {
	c := mapping.DefaultCommand()
	c.ID, c.Type, c.Send = "say", relay.TypeText, send
	return &codec.Command{CommandConfig: c, Template: ParseTemplate(send), ConfirmField: -1}
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
		p, err := CompilePattern(tt.expression, tt.kind, tt.words)
		if err != nil {
			t.Fatal(err)
		}
		if v, message := p.Match([]byte(tt.line), tt.seq, tt.value); v != tt.want || message != tt.message {
			t.Errorf("%s on %q: %v, %q", tt.expression, tt.line, v, message)
		}
	}
}
