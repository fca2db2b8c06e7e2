package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

func TestRegex(t *testing.T) {
	two := RegexDevice([]string{`^T(?P<t>[-0-9.]+)(?: H(?P<h>[0-9]+))?$`, `^P(?P<p>[01])$`, `^.(?P<t>1)$`},
		Field("t", relay.TypeNumber, Plausible(-40, 85)), Field("h", relay.TypeNumber), Field("pump", relay.TypeBool, Key("p")), Field("again", relay.TypeText, Key("t")))
	comma := RegexDevice([]string{`T=(?P<t>\S+)`}, Field("t", relay.TypeNumber, suffix("C")))
	comma.DecimalComma = true
	kinds := RegexDevice([]string{`^(?P<kind>[A-Z]):(?P<v>.+)$`}, Field("a", relay.TypeNumber, Key("v"), Match("kind", "A")), Field("b", relay.TypeText, Key("v"), Match("kind", "B")))
	kinds.Match = map[string]string{"v": "7"}
	both := kinds
	both.Match = nil
	for name, tt := range map[string]struct {
		device     mapping.DeviceConfig
		line, want string
	}{
		"first":             {two, "T21.5 H40", "t=21.5 again=21.5 h=40"},
		"group left out":    {two, "T-3", "t=-3 again=-3"},
		"second":            {two, "P1", "pump=true"},
		"first that fits":   {two, "T1", "t=1 again=1"},
		"third":             {two, "X1", "t=1 again=1"},
		"none":              {two, "T21.5 H40 X", "! no pattern matches it"},
		"out of range":      {two, "T99", "t=null again=99 ! t: 99 is greater than its max = 85"},
		"no number":         {two, "T1.2.3", `t=null again=1.2.3 ! t: "1.2.3" is not a number`},
		"comma and unit":    {comma, "now T=21,5C", "t=21.5"},
		"kind of field":     {both, "A:12", "a=12"},
		"other kind":        {both, "B:12", "b=12"},
		"unknown kind":      {both, "C:12", "nothing"},
		"not of the device": {kinds, "A:12", `! v is not "7"`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLines(t, tt.device, strings.NewReader("\n"+tt.line+"\n")); got != tt.want+"\n" {
				t.Errorf("%s: %s", tt.line, got)
			}
		})
	}
}

// The law: what a group caught is what the field says, and a line that does not fit says nothing.
func FuzzRegexGroups(f *testing.F) {
	f.Add("T21.5;note")
	f.Add("T;")
	f.Add("T1;\xff")
	d := RegexDevice([]string{`^T(?P<t>[^;]*);(?P<s>.*)$`}, Field("t", relay.TypeText), Field("s", relay.TypeText))
	f.Fuzz(func(t *testing.T, line string) {
		codec, err := newCodec(d, new(wire.Tap))
		if err != nil {
			t.Fatal(err)
		}
		readings, ok := codec.Decode([]byte(line))
		head, tail, cut := strings.Cut(line, ";")
		if fits := cut && strings.HasPrefix(head, "T") && !strings.Contains(tail, "\n"); ok != fits {
			t.Fatalf("%q: %v", line, ok)
		}
		if !utf8.ValidString(head) || !utf8.ValidString(tail) {
			return // a text that is not UTF-8 is null
		}
		if ok && (readings[0].Value.Text() != head[1:] || readings[1].Value.Text() != tail) {
			t.Errorf("%q gave %v", line, readings)
		}
	})
}
