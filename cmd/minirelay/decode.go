package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"minirelay/api"
	"minirelay/configs"
	"minirelay/devices"
	"minirelay/devices/capture"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
)

// runDecode is `minirelay decode`.
func runDecode(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("decode", flag.ContinueOnError)
	path := configFlag(flags)
	profile := flags.String("profile", "", "decode with this profile; no config is needed then, and no DEVICE")
	raw := flags.Bool("raw", false, "read the file as the bare bytes of the line, whatever its form")
	asJSON := flags.Bool("json", false, "print one JSON object per line, as GET /api/ports/PORT/wire does; ts counts from 0")
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	device, port, err := decodeWith(env, *path, *profile, rest)
	if err != nil {
		return err
	}
	name := rest[len(rest)-1]
	recording, err := readRecording(env, name, *raw)
	if err != nil {
		return err
	}
	show := decodedView(env, device, *asJSON)
	dec := tally{}
	_, err = devices.Decode(port, device, recording, func(r wire.Record) {
		dec.count(r)
		show(r)
	})
	if err != nil {
		return err
	}
	if !*asJSON {
		fmt.Fprintln(env.stdout, env.lang.Text(dec.String()))
	}
	if dec.good == 0 {
		what := device.ID
		if *profile != "" {
			what = *profile
		}
		return userError{fmt.Sprintf("nothing in %s could be decoded as %s", name, what), dec.hint(recording)}
	}
	return nil
}

// decodeWith returns the device whose mapping is used for decoding: one of the config, or one made from a profile.
func decodeWith(env *env, path, profile string, args []string) (mapping.DeviceConfig, serial.Config, error) {
	if profile != "" {
		if len(args) != 1 {
			return mapping.DeviceConfig{}, serial.Config{}, usageError{"minirelay decode -profile takes a recording and nothing else", "for example: minirelay decode -profile NAME wire.txt; minirelay profiles lists names"}
		}
		d, err := adHocDevice("", profile)
		return d, serial.Default(), err
	}
	if len(args) != 2 {
		return mapping.DeviceConfig{}, serial.Config{}, usageError{"minirelay decode takes a device and a recording", "for example: minirelay decode greenhouse wire.txt; - reads the recording from stdin"}
	}
	config, err := loadConfig(env, configPath(path), configs.LoadElsewhere)
	if err != nil {
		return mapping.DeviceConfig{}, serial.Config{}, err
	}
	return deviceOf(config, args[0])
}

// decodedView returns the function that shows a decoded record.
func decodedView(env *env, d mapping.DeviceConfig, asJSON bool) func(wire.Record) {
	if asJSON {
		lines := env.json()
		return func(r wire.Record) { _ = lines.Encode(api.SightOf(r)) }
	}
	v := newWireView(env.stdout, env.lang)
	v.stamp = func(t time.Time) string { return fmt.Sprintf("%12.6f", t.Sub(devices.DecodeStart).Seconds()) }
	v.short = func(t time.Time) string { return fmt.Sprintf("%6.1f", t.Sub(devices.DecodeStart).Seconds()) }
	v.units = unitsOf(d)
	return func(r wire.Record) {
		v.show(sight{api.SightOf(r), r.At})
		v.flush()
	}
}

// unitsOf returns the units of fields.
func unitsOf(all ...mapping.DeviceConfig) map[[2]string]string {
	units := map[[2]string]string{}
	for _, d := range all {
		for _, f := range d.Fields {
			units[[2]string{d.ID, f.ID}] = f.Unit
		}
	}
	return units
}

// deviceOf finds a device of a config, and its port.
func deviceOf(config *configs.Config, id string) (mapping.DeviceConfig, serial.Config, error) {
	var ids []string
	for _, d := range config.Devices.Devices {
		ids = append(ids, d.ID)
		if d.ID != id {
			continue
		}
		i := slices.IndexFunc(config.Devices.Ports, func(p serial.Config) bool { return p.ID == d.Port })
		return d, config.Devices.Ports[i], nil // a loaded config has the port
	}
	try := "there are " + strings.Join(ids, ", ")
	if meant, ok := configs.Nearest(id, ids); ok {
		try = fmt.Sprintf("did you mean %s?", meant)
	}
	if len(ids) == 0 {
		try = "describe it as [devices." + id + "] first; docs/mappings.md explains how"
	}
	return mapping.DeviceConfig{}, serial.Config{}, userError{fmt.Sprintf("there is no device %q in %s", id, strings.Join(config.Files, ", ")), try}
}

// readRecording reads a recording from a file, or from stdin for -.
func readRecording(env *env, name string, raw bool) ([]capture.Record, error) {
	in := env.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fileError(name, err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, userError{name + " is a directory", "name a file in it"}
		}
		in = f
	}
	var recording []capture.Record
	var err error
	if raw {
		recording, err = capture.ReadRaw(in)
	} else {
		_, recording, err = capture.Read(in)
	}
	var fault *capture.SyntaxError
	switch {
	case errors.As(err, &fault):
		return nil, userError{name + ", " + fault.Error(), fault.Try}
	case errors.Is(err, capture.ErrEmpty):
		return nil, userError{name + ": " + err.Error(), "minirelay watch -record FILE makes a recording"}
	case err != nil:
		return nil, fileError(name, err)
	}
	return recording, nil
}

// fileError describes in words why a file cannot be read or created.
func fileError(name string, err error) error {
	var cause *os.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return userError{name + ": " + err.Error(), "check its name, and whether this user may use it"}
}

// tally counts the frames of a recording by result.
type tally struct{ good, dropped, unanswered, odd int }

func (t *tally) count(r wire.Record) {
	if f := r.Frame; f != nil {
		t.frame(f.OK, len(f.Data) == 0, f.Why != "")
	}
}

// frame counts one frame. An empty one is a request without an answer.
func (t *tally) frame(ok, empty, why bool) {
	switch {
	case ok:
		t.good++
		if why {
			t.odd++
		}
	case empty:
		t.unanswered++
	default:
		t.dropped++
	}
}

// String returns the summary.
func (t *tally) String() string {
	s := fmt.Sprintf("%s: %d accepted, %d dropped", count(t.good+t.dropped, "1 frame", "%d frames"), t.good, t.dropped)
	if t.odd > 0 {
		s += fmt.Sprintf("; %d with remarks", t.odd)
	}
	if t.unanswered > 0 {
		s += "; " + count(t.unanswered, "1 request unanswered", "%d requests unanswered")
	}
	return s
}

// hint suggests what to try if nothing could be decoded.
func (t *tally) hint(recording []capture.Record) string {
	in, text, line := 0, 0, false
	for _, r := range recording {
		if r.Out {
			continue
		}
		for _, b := range r.Data {
			in++
			line = line || b == '\n' || b == '\r'
			if b >= ' ' && b < 0x7f || b == '\n' || b == '\r' {
				text++
			}
		}
	}
	asked := slices.ContainsFunc(recording, func(r capture.Record) bool { return r.Out })
	switch {
	case asked && text < in*9/10:
		return "none of the recorded requests is one of this device: is it the right device?"
	case in == 0:
		return "nothing was received during the recording: does the board send, and at this baud rate?"
	case t.dropped == 0 && !line:
		return "it does not contain a whole frame: record for longer"
	case text < in*9/10:
		return "most of it is not text: is it the right codec, and was the baud rate right?"
	}
	return "the reason is printed above with each dropped frame; see minirelay help decode"
}
