package text

import (
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
