package binary

import (
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// CompleteCommand compiles send, expect and refuse of a command of bytes into c. The config has no problems.
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

// pattern is a compiled expect or refuse of bytes.
type pattern struct{ *template }

func (p pattern) Match(answer []byte, seq int, value string) (codec.Verdict, string) {
	return p.template.match(answer, seq, value), ""
}
