package text

import (
	"strings"
	"testing"

	"minirelay/devices/codec"
	"minirelay/relay"
)

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
