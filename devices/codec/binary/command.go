package binary

import (
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// CompleteCommand completes a command that is bytes and no line of text.
func CompleteCommand(d mapping.DeviceConfig, c *codec.Command) {
	k := templateSyntax{value: codec.ValueIn(c.FormatConfig, c.Type), frame: newFrameRules(d.Frame)}
	if t, err := k.parse(c.Send); err == nil {
		c.Template = t
	}
	k.wild = true
	for _, p := range []struct {
		text string
		into *codec.Pattern
	}{{c.Expect, &c.Yes}, {c.Refuse, &c.No}} {
		if p.text != "" {
			t, _ := k.parse(p.text)
			*p.into = pattern{t}
		}
	}
}

// bytePattern is an expect or refuse of bytes.
type pattern struct{ *template }

func (p pattern) Match(answer []byte, seq int, value string) (codec.Verdict, string) {
	return p.template.match(answer, seq, value), ""
}
