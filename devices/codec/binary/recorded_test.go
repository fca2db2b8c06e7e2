package binary_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"minirelay/devices"
	"minirelay/devices/capture"
	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// byteDevices are the mappings by which the files of testdata/bytes are read.
func byteDevices() map[string]mapping.DeviceConfig {
	number := relay.TypeNumber
	devices := map[string]mapping.DeviceConfig{
		"pms5003": ByteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.LengthAt, f.LengthFormat, f.LengthAdd, f.Checksum = "42 4D", 2, "uint16be", 4, "sum16"
		}, Field("pm1", number, Lies(10, "uint16")), Field("pm25", number, Lies(12, "uint16")),
			Field("pm10", number, Lies(14, "uint16")), Field("particles", number, Lies(16, "uint16"))),
		"sds011": ByteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.End, f.Length, f.Checksum, f.ChecksumFrom = "AA C0", "AB", 10, "sum8", 2
		}, Field("pm25", number, Lies(2, "uint16le"), Scaled(0.1, 0)), Field("pm10", number, Lies(4, "uint16le"), Scaled(0.1, 0)),
			Field("sensor", relay.TypeText, Lies(6, "hex"), Long(2))),
		"a02yyuw": ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "FF", 4, "sum8" },
			Field("distance", number, Lies(1, "uint16"), Plausible(30, 4500))),
		"tfmini": ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "59 59", 9, "sum8" },
			Field("distance", number, Lies(2, "uint16le")), Field("strength", number, Lies(4, "uint16le"))),
		"ld2410": ByteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.End, f.LengthAt, f.LengthFormat, f.LengthAdd = "F4 F3 F2 F1", "F8 F7 F6 F5", 4, "uint16le", 10
		}, Field("target", relay.TypeEnum, Lies(8, "uint8"), Match("6", "02 AA"), func(f *mapping.FieldConfig) {
			f.Values = map[string]string{"none": "0", "moving": "0x01", "still": "0x02", "both": "3"}
		}), Field("moving_distance", number, Lies(9, "uint16le")), Field("still_energy", number, Lies(14, ""))),
		"mhz19b": ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum, f.ChecksumFrom = "FF", 9, "lrc", 1 },
			Field("co2", number, Lies(2, "uint16")), Field("temperature", number, Lies(4, ""), Scaled(1, -40))),
		"daly": ByteDevice(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "A5 01", 13, "sum8" },
			Field("voltage", number, Lies(4, "uint16"), Scaled(0.1, 0), OfRequest("pack")),
			Field("current", number, Lies(8, "uint16"), Scaled(0.1, -3000), OfRequest("pack")),
			Field("soc", number, Lies(10, "uint16"), Scaled(0.1, 0), OfRequest("pack")),
			Field("cell_max", number, Lies(4, "uint16"), Scaled(0.001, 0), OfRequest("cells")),
			Field("cell_min", number, Lies(7, "uint16"), Scaled(0.001, 0), OfRequest("cells")),
			Field("cell_1", number, Lies(5, "uint16"), Scaled(0.001, 0), OfRequest("each"), Match("4", "01")),
			Field("cell_14", number, Lies(7, "uint16"), Scaled(0.001, 0), OfRequest("each"), Match("4", "05"))),
		"jk": ByteDevice(func(f *mapping.FrameConfig) {
			f.Start, f.LengthAt, f.LengthFormat, f.LengthAdd, f.Checksum = "4E 57", 2, "uint16be", 2, "sum32"
		}, Field("cell_1", number, Lies(14, "uint16"), Scaled(0.001, 0)), Field("cell_14", number, Lies(53, "uint16"), Scaled(0.001, 0)),
			Field("voltage", number, Lies(65, "uint16"), Scaled(0.01, 0)),
			Field("charging", relay.TypeBool, Lies(68, "uint16"), Bit(15, 0)),
			Field("current", number, Lies(68, "uint16"), Bit(0, 15), Scaled(0.01, 0)), Field("soc", number, Lies(71, "uint8")),
			Field("balancing", relay.TypeBool, Lies(89, "uint16"), Bit(2, 1)), Field("number", relay.TypeText, Lies(-35, "string"), Long(24))),
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
	meter := Device(Field("energy_forward", number), Field("voltage_a", number), Field("current", number, Key("current_a")),
		Field("power", number), Field("reactive_power", number), Field("apparent_power", number),
		Field("power_factor", number, Key("02060000"), Long(2), Scaled(0.001, 0)))
	meter.Codec, meter.Address = "dlt645", "000000000161"
	devices["dlt645"] = meter
	alone := Device(Field("address", relay.TypeText), Field("voltage_a", number), Field("date", relay.TypeText), Field("time", relay.TypeText))
	alone.Codec, alone.WakeUp = "dlt645", 0
	devices["dlt645_any"] = alone
	return devices
}

// Exchanges and frames that are documented or were recorded have the readings below them, and the reasons
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

// readRecording reads what was written and read, and the expected readings.
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

// splitRecording returns what was read byte by byte.
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

// decodeAll returns "temperature=21.5 ! humidity: …" for each frame.
func decodeAll(t *testing.T, d mapping.DeviceConfig, recording []capture.Record) string {
	t.Helper()
	var out strings.Builder
	_, err := devices.Decode(serial.Default(), d, recording, func(r wire.Record) {
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
			words = append(words, "! "+strings.TrimPrefix(r.Frame.Why, "the device refused: "))
		}
		out.WriteString(strings.Join(words, " ") + "\n")
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
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
