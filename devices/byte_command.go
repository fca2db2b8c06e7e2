package devices

import "minirelay/devices/mapping"

// writeBytes completes a command that is bytes and no line of text.
func writeBytes(d mapping.DeviceConfig, c *command) {
	k := templateKind{value: valueIn(c.FormatConfig, c.Type), frame: newFrameSpec(d.Frame)}
	if t, err := k.parse(c.Send); err == nil {
		c.template = t
	}
	k.wild = true
	for _, p := range []struct {
		text string
		into *pattern
	}{{c.Expect, &c.expect}, {c.Refuse, &c.refuse}} {
		if p.text != "" {
			t, _ := k.parse(p.text)
			*p.into = bytePattern{t}
		}
	}
}

// bytePattern is an expect or refuse of bytes.
type bytePattern struct{ *byteTemplate }

func (p bytePattern) match(answer []byte, seq int, value string) (verdict, string) {
	return p.byteTemplate.match(answer, seq, value), ""
}

func (p bytePattern) numbered() bool { return p.has(byteSeq) }
