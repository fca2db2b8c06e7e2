package devices

import (
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"minirelay/devices/codec"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/devices/serial"

	"minirelay/devices/capture"
	"minirelay/relay"
)

// byteDevice is a device of frames of bytes.
func byteDevice(frame func(*mapping.FrameConfig), fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := device(fields...)
	d.Codec = "binary"
	frame(&d.Frame)
	return d
}

// lies says where in a frame a field lies, and how.
func lies(at int, format string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.At = at
		if base, little := strings.CutSuffix(format, "le"); little {
			format, f.ByteOrder = base, "little"
		}
		f.Format = format
	}
}

func long(length int) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Length = length }
}

func bit(bit, bits int) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Bit, f.Bits = bit, bits }
}

func ofRequest(id string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Request = id }
}

// byteDevices are the mappings by which the files of testdata/bytes are read.
func byteDevices() map[string]mapping.DeviceConfig {
	number := relay.TypeNumber
	devices := map[string]mapping.DeviceConfig{
		"pms5003": byteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.LengthAt, f.LengthFormat, f.LengthAdd, f.Checksum = "42 4D", 2, "uint16be", 4, "sum16"
		}, field("pm1", number, lies(10, "uint16")), field("pm25", number, lies(12, "uint16")),
			field("pm10", number, lies(14, "uint16")), field("particles", number, lies(16, "uint16"))),
		"sds011": byteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.End, f.Length, f.Checksum, f.ChecksumFrom = "AA C0", "AB", 10, "sum8", 2
		}, field("pm25", number, lies(2, "uint16le"), scaled(0.1, 0)), field("pm10", number, lies(4, "uint16le"), scaled(0.1, 0)),
			field("sensor", relay.TypeText, lies(6, "hex"), long(2))),
		"a02yyuw": byteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "FF", 4, "sum8" },
			field("distance", number, lies(1, "uint16"), plausible(30, 4500))),
		"tfmini": byteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "59 59", 9, "sum8" },
			field("distance", number, lies(2, "uint16le")), field("strength", number, lies(4, "uint16le"))),
		"ld2410": byteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.End, f.LengthAt, f.LengthFormat, f.LengthAdd = "F4 F3 F2 F1", "F8 F7 F6 F5", 4, "uint16le", 10
		}, field("target", relay.TypeEnum, lies(8, "uint8"), match("6", "02 AA"), func(f *mapping.FieldConfig) {
			f.Values = map[string]string{"none": "0", "moving": "0x01", "still": "0x02", "both": "3"}
		}), field("moving_distance", number, lies(9, "uint16le")), field("still_energy", number, lies(14, ""))),
		"mhz19b": byteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum, f.ChecksumFrom = "FF", 9, "lrc", 1 },
			field("co2", number, lies(2, "uint16")), field("temperature", number, lies(4, ""), scaled(1, -40))),
		"daly": byteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "A5 01", 13, "sum8" },
			field("voltage", number, lies(4, "uint16"), scaled(0.1, 0), ofRequest("pack")),
			field("current", number, lies(8, "uint16"), scaled(0.1, -3000), ofRequest("pack")),
			field("soc", number, lies(10, "uint16"), scaled(0.1, 0), ofRequest("pack")),
			field("cell_max", number, lies(4, "uint16"), scaled(0.001, 0), ofRequest("cells")),
			field("cell_min", number, lies(7, "uint16"), scaled(0.001, 0), ofRequest("cells")),
			field("cell_1", number, lies(5, "uint16"), scaled(0.001, 0), ofRequest("each"), match("4", "01")),
			field("cell_14", number, lies(7, "uint16"), scaled(0.001, 0), ofRequest("each"), match("4", "05"))),
		"jk": byteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.LengthAt, f.LengthFormat, f.LengthAdd, f.Checksum = "4E 57", 2, "uint16be", 2, "sum32"
		}, field("cell_1", number, lies(14, "uint16"), scaled(0.001, 0)), field("cell_14", number, lies(53, "uint16"), scaled(0.001, 0)),
			field("voltage", number, lies(65, "uint16"), scaled(0.01, 0)),
			field("charging", relay.TypeBool, lies(68, "uint16"), bit(15, 0)),
			field("current", number, lies(68, "uint16"), bit(0, 15), scaled(0.01, 0)), field("soc", number, lies(71, "uint8")),
			field("balancing", relay.TypeBool, lies(89, "uint16"), bit(2, 1)), field("number", relay.TypeText, lies(-35, "string"), long(24))),
	}
	for name, requests := range map[string][]mapping.RequestConfig{
		"mhz19b": {{ID: "co2", Send: "FF 01 86 00 00 00 00 00 {sum}", Match: map[string]string{"1": "86"}}},
		"daly": {{ID: "pack", Send: "A5 40 90 08 00 00 00 00 00 00 00 00 {sum}", Match: map[string]string{"2": "90"}},
			{ID: "cells", Send: "A5 40 91 08 00 00 00 00 00 00 00 00 {sum}", Match: map[string]string{"2": "91"}},
			{ID: "each", Send: "A5 40 95 08 00 00 00 00 00 00 00 00 {sum}", Match: map[string]string{"2": "95"}, Frames: 5}},
		"jk": {{ID: "all", Send: "4E 57 00 13 00 00 00 00 06 03 00 00 00 00 00 00 68 {sum}"}},
	} {
		d := devices[name]
		d.Requests = requests
		devices[name] = d
	}
	meter := device(field("energy_forward", number), field("voltage_a", number), field("current", number, key("current_a")),
		field("power", number), field("reactive_power", number), field("apparent_power", number),
		field("power_factor", number, key("02060000"), long(2), scaled(0.001, 0)))
	meter.Codec, meter.Address = "dlt645", "000000000161"
	devices["dlt645"] = meter
	alone := device(field("address", relay.TypeText), field("voltage_a", number), field("date", relay.TypeText), field("time", relay.TypeText))
	alone.Codec, alone.WakeUp = "dlt645", 0
	devices["dlt645_any"] = alone
	return devices
}

// Exchanges and frames that are documented or were recorded give the readings that stand below them, and the reasons
// behind "!".
func TestRecordedBytes(t *testing.T) {
	devices := byteDevices()
	files, err := filepath.Glob("testdata/bytes/*.txt")
	if err != nil || len(files) != len(devices) {
		t.Fatalf("%d files for %d mappings (%v)", len(files), len(devices), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			recording, want := readRecording(t, file)
			if got := decodeAll(t, devices[name], recording); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			single := splitRecording(recording)
			if got := decodeAll(t, devices[name], single); got != want {
				t.Errorf("byte by byte\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// readRecording reads what was written and read, and what is wanted.
func readRecording(t *testing.T, file string) (recording []capture.Record, want string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# ") {
		t.Errorf("%s names no source", file)
	}
	for line := range strings.Lines(string(text)) {
		switch line[0] {
		case '#':
		case '<', '>':
			data, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(line[1:]), " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			recording = append(recording, capture.Record{At: time.Duration(len(recording)) * time.Second, Out: line[0] == '>', Data: data})
		default:
			want += line
		}
	}
	return recording, want
}

// splitRecording gives what was read byte by byte.
func splitRecording(recording []capture.Record) (single []capture.Record) {
	for _, r := range recording {
		if r.Out {
			single = append(single, r)
			continue
		}
		for i := range r.Data {
			single = append(single, capture.Record{At: r.At, Data: r.Data[i : i+1]})
		}
	}
	return single
}

// decodeAll gives "temperature=21.5 ! humidity: …" for each frame.
func decodeAll(t *testing.T, d mapping.DeviceConfig, recording []capture.Record) string {
	t.Helper()
	var out strings.Builder
	_, err := Decode(serial.Default(), d, recording, func(r wire.Record) {
		if r.Frame == nil {
			return
		}
		var words []string
		for _, v := range r.Frame.Values {
			text := "null"
			switch {
			case v.Value.Kind() == relay.Text:
				text = strconv.Quote(v.Value.Text())
			case !v.Value.IsNull():
				text = string(v.Value.AppendText(nil, v.Decimals))
			}
			words = append(words, fmt.Sprintf("%s=%s", v.Field, text))
		}
		if r.Frame.Why != "" {
			words = append(words, "! "+strings.TrimPrefix(r.Frame.Why, "the answer is no: "))
		}
		out.WriteString(strings.Join(words, " ") + "\n")
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// ofWhich is the end of a name that says of which phase or tariff.
var ofWhich = regexp.MustCompile(`_(tariff_\d|[abc])$`)

// The names of a meter's data are those that the documentation lists, each once.
func TestMeterNames(t *testing.T) {
	ids := map[uint32]string{}
	for _, d := range meterCatalogue() {
		if other, ok := ids[d.id]; ok {
			t.Errorf("%s and %s are both %08X", d.key, other, d.id)
		}
		ids[d.id] = d.key
	}
	if len(meterNames()) != len(ids) {
		t.Error("two have one name")
	}
	for _, file := range []string{"../docs/mappings.md", "../docs/mappings.zh-CN.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Values(ids)) {
			base := ofWhich.ReplaceAllString(name, "")
			if !strings.Contains(string(text), "`"+base+"`") && !strings.Contains(string(text), "`"+base+"_a`") {
				t.Errorf("%s does not tell of %s", file, name)
			}
		}
	}
}

// A number in a frame is written as people write it, and not as Go does.
func TestDigitsInFrames(t *testing.T) {
	v := codec.ByteValue{Digits: codec.FormatASCII}
	for text, want := range map[string]float64{" 21.5": 21.5, "-0.50\x00": -0.5, "+1e2": 100} {
		if got, ok := v.Token([]byte(text)); !ok || got.Number != want {
			t.Errorf("%q: %v %v, want %v", text, got.Number, ok, want)
		}
	}
	for _, text := range []string{"", "1_00", "0x1p3", "inf", "nan", "2 15", "21.5C"} {
		if got, ok := v.Token([]byte(text)); ok {
			t.Errorf("%q: %v", text, got.Number)
		}
	}
}
