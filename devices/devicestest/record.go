package devicestest

import (
	"fmt"
	"strings"

	"minirelay/devices/capture"
	"minirelay/devices/wire"
)

// Describe returns a record of the wire as one line of text.
func Describe(r wire.Record) string {
	switch {
	case r.Bytes != nil && r.Bytes.Out:
		return "> " + capture.Text(r.Bytes.Data)
	case r.Bytes != nil:
		return "< " + capture.Text(r.Bytes.Data)
	case r.State != nil:
		return strings.TrimSpace(fmt.Sprint("open ", r.State.Open, " ", r.State.Trouble))
	}
	f := r.Frame
	text := fmt.Sprintf("[%s] %s %v", capture.Text(f.Data), f.Device, f.OK)
	for _, v := range f.Values {
		text += fmt.Sprintf(" %s=%s", v.Field, v.Value.AppendJSON(nil, v.Decimals))
	}
	if f.Request != "" {
		text += " (" + f.Request + ")"
	}
	if f.Why != "" {
		text += ": " + f.Why
	}
	return text
}
