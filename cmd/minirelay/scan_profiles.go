package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"minirelay/configs"
	"minirelay/devices"
	"minirelay/devices/capture"
	"minirelay/devices/detect"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// profileDevices returns a device for each profile that needs no further settings, by the profile's name.
func profileDevices() (map[string]mapping.DeviceConfig, error) {
	dir, err := os.MkdirTemp("", "minirelay-profiles-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	all := map[string]mapping.DeviceConfig{}
	for _, p := range configs.Profiles() {
		path := filepath.Join(dir, p.Name+".toml")
		text := fmt.Sprintf("[gateway]\nid = \"scan\"\n[ports.p]\npath = \"/dev/p\"\n[devices.d]\nport = \"p\"\nprofile = %q\n", p.Name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if config, err := configs.Load(path); err == nil {
			all[p.Name] = config.Devices.Devices[0]
		}
	}
	return all, nil
}

// outcome is the result of decoding a recording with a mapping.
type outcome struct {
	taken, dropped int
	values         map[string]bool // fields with at least one valid reading
	null           map[string]bool // fields with an invalid one
	numbers        map[string]bool // fields with a number, and whether one of theirs was not 0
}

// A profile with fewer numbers fits many devices: each relay board has coils, each sensor has a register or two. A register
// that is not in use is 0, which is in the range of most fields.
const (
	tellingNumbers = 4
	tellingValues  = 2 // other than 0
)

// telling reports whether the values are enough to tell the device from most others.
func (o outcome) telling() bool {
	values := 0
	for _, notZero := range o.numbers {
		if notZero {
			values++
		}
	}
	return len(o.numbers) >= tellingNumbers && values >= tellingValues
}

func decodeAll(port serial.Config, d mapping.DeviceConfig, recording []capture.Record) outcome {
	o := outcome{values: map[string]bool{}, null: map[string]bool{}, numbers: map[string]bool{}}
	_, err := devices.Decode(port, d, recording, func(r wire.Record) {
		f := r.Frame
		switch {
		case f == nil:
		case !f.OK:
			o.dropped++
		case len(f.Values) > 0:
			o.taken++
			for _, v := range f.Values {
				if v.Value.IsNull() {
					o.null[v.Field] = true
				} else {
					o.values[v.Field] = true
				}
				if v.Value.Kind() == relay.Number {
					o.numbers[v.Field] = o.numbers[v.Field] || v.Value.Number() != 0
				}
			}
		}
	})
	if err != nil {
		return outcome{}
	}
	return o
}

// matchingProfile returns the profile that accepts the frames of a sample and finds most of its fields in them; "" if
// there is none.
func matchingProfile(s detect.Sample) string {
	all, err := profileDevices()
	if err != nil {
		return "" // the temporary directory is full: the search can do without it
	}
	port := serial.Default()
	port.Baud, port.DataBits, port.Parity = s.Setting.Baud, s.Setting.DataBits, s.Setting.Parity
	best, most := "", 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d := all[name]
		o := decodeAll(port, d, []capture.Record{{Data: s.Data}})
		// The first and the last frame may be incomplete.
		if o.taken >= 2 && o.dropped <= 2 && o.dropped < o.taken && len(o.values)*10 >= len(d.Fields)*6 && len(o.values) > most {
			best, most = name, len(o.values)
		}
	}
	return best
}

// mostFits is the number of profiles listed for a unit.
const mostFits = 5

// fittingProfiles returns the profiles whose every request a unit answers with a plausible value for every field; those
// with the most fields come first. certain reports whether the values are enough to tell that it is the first one, or a
// device with the same registers. It sends the requests of the profiles, which only read.
func (s *scanning) fittingProfiles(ctx context.Context, l detect.Line, u detect.Unit) (fits []string, certain bool, err error) {
	all, err := profileDevices()
	if err != nil {
		return nil, false, nil
	}
	telling := map[string]bool{}
	port := serial.Default()
	port.Baud, port.DataBits, port.Parity = u.Setting.Baud, u.Setting.DataBits, u.Setting.Parity
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		d := all[name]
		if d.Codec != "modbus-rtu" {
			continue
		}
		s.step(detect.Progress{Setting: u.Setting, What: fmt.Sprintf("unit %d, profile %s", u.Address, name), Done: i, Total: len(names)})
		d.ModbusUnit = u.Address
		requests, err := devices.Questions(d)
		if err != nil {
			continue
		}
		recording, whole, err := detect.Interview(ctx, l, u, requests, s.wait)
		if err != nil {
			return fits, false, err
		}
		if o := decodeAll(port, d, recording); whole && o.dropped == 0 && len(o.values) > 0 && len(o.null) == 0 {
			fits = append(fits, name)
			telling[name] = o.telling()
		}
	}
	slices.SortStableFunc(fits, func(a, b string) int { return cmp.Compare(len(all[b].Fields), len(all[a].Fields)) })
	return fits[:min(len(fits), mostFits)], len(fits) > 0 && telling[fits[0]], nil
}
