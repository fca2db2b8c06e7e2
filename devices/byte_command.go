package devices

import "minirelay/devices/mapping"

// writeBytes completes a command that is bytes and no line of text.
func writeBytes(d mapping.DeviceConfig, c *command) {
	k := templateKind{value: valueIn(c.FormatConfig, c.Type), frame: newFrameSpec(d.Frame)}
	c.template, _ = k.parse(c.Send)
	k.wild = true
	for _, p := range []struct {
		text string
		into **pattern
	}{{c.Expect, &c.expect}, {c.Refuse, &c.refuse}} {
		if p.text != "" {
			t, _ := k.parse(p.text)
			*p.into = &pattern{bytes: t}
		}
	}
}
