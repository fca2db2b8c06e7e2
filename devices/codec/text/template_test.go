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

// A text stays the one value of the one command, in the language that the device reads.
func TestTextsStayOneValue(t *testing.T) {
	for _, tt := range []struct{ codec, send, quotes, value, want string }{
		{"at", `AT+NAME="{value}"`, "", `a";+CPWROFF`, `AT+NAME="a\22;+CPWROFF"`},
		{"at", `AT+NAME="{value}"`, "", `a\`, `AT+NAME="a\5C"`},
		{"at", `DISP:TEXT "{value}"`, "csv", `a";*RST`, `DISP:TEXT "a"";*RST"`},
		{"at", `AT+NAME="{value}"`, "json", `a"b`, `AT+NAME="a\"b"`},
		{"at", `AT+NAME={value}`, "", `a;+CPWROFF`, "refused"},
		{"at", `AT+NAME={value},"{value}"`, "", `a;+CPWROFF`, "refused"},
		{"at", `AT+NAME={value}`, "", `a,b`, `AT+NAME=a,b`},
		{"csv", `NAME,"{value}"`, "csv", `a","b\`, `NAME,"a"",""b\"`},
		{"csv", `NAME,"{value}"`, "", `a"b`, `NAME,"a\"b"`},
		{"json", `{"name":"{value}"}`, "", `a","b":"\`, `{"name":"a\",\"b\":\"\\"}`},
		{"pairs", `NAME="{value}"`, "at", `a"b`, `NAME="a\22b"`},
		{"json", `SHOW {value}`, "", `a;b`, `SHOW a;b`},
	} {
		c := mapping.DefaultCommand()
		c.Type, c.Send, c.Quotes = relay.TypeText, tt.send, tt.quotes
		got, err := CommandTemplate(mapping.DeviceConfig{Codec: tt.codec}, c).Append(nil, tt.value, 1)
		if err != nil {
			got = []byte("refused")
		}
		if string(got) != tt.want {
			t.Errorf("%s %s %s: %s instead of %s", tt.codec, tt.send, tt.quotes, got, tt.want)
		}
	}
	allowed := mapping.DefaultCommand()
	allowed.Type, allowed.Send, allowed.Allow = relay.TypeText, "AT+NAME={value}", "[a-z;]"
	if got, err := CommandTemplate(mapping.DeviceConfig{Codec: "at"}, allowed).Append(nil, "a;b", 1); err != nil || string(got) != "AT+NAME=a;b" {
		t.Errorf("%q, %v: what the mapping allows is refused", got, err)
	}
}

// The law: in the language of V.250, and in those of JSON and of SCPI too, no text ends the quotes that it stands in.
func FuzzQuotedAT(f *testing.F) {
	for _, s := range []string{`a";+CPWROFF`, `\`, `\"`, `""`, "温\"室"} {
		f.Add(s)
	}
	c := mapping.DefaultCommand()
	c.Type, c.Send = relay.TypeText, `AT+NAME="{value}"`
	template := CommandTemplate(mapping.DeviceConfig{Codec: "at"}, c)
	f.Fuzz(func(t *testing.T, value string) {
		got, err := template.Append(nil, value, 1)
		inside, ok := strings.CutPrefix(string(got), `AT+NAME="`)
		inside, end := strings.CutSuffix(inside, `"`)
		if err != nil || !ok || !end || strings.Contains(inside, `"`) {
			t.Fatalf("%q became %q, %v", value, got, err)
		}
		if back := strings.NewReplacer(`\22`, `"`, `\5C`, `\`).Replace(inside); back != value {
			t.Errorf("%q is read as %q", value, back)
		}
	})
}

// Mappings whose texts a device could take for more are named.
func TestAdviseText(t *testing.T) {
	for _, tt := range []struct {
		codec, send, allow, quotes string
		advised                    bool
	}{
		{"json", "SHOW {value}\n", "", "", true},
		{"json", "SHOW {value}\n", "[a-z]", "", false},
		{"json", "SHOW \"{value}\"\n", "", "", true},
		{"json", "SHOW \"{value}\"\n", "", "csv", false},
		{"json", "{\"show\":\"{value}\"}\n", "", "", false},
		{"json", "{\"show\":{value}}\n", "", "", true},
		{"at", "AT+NAME=\"{value}\"", "", "", false},
		{"at", "AT+NAME={value}", "", "", true},
		{"at", "AT+NAME={value}", "[A-Z]", "", false},
	} {
		c := mapping.DefaultCommand()
		c.ID, c.Type, c.Send, c.Allow, c.Quotes = "show", relay.TypeText, tt.send, tt.allow, tt.quotes
		d := mapping.DeviceConfig{Codec: tt.codec, Commands: []mapping.CommandConfig{c}}
		if got := AdviseText(d); (len(got) > 0) != tt.advised {
			t.Errorf("%+v: %v", tt, got)
		}
		d.Commands[0].Type = relay.TypeNumber
		if got := AdviseText(d); len(got) > 0 {
			t.Errorf("a number is no text: %v", got)
		}
	}
}
