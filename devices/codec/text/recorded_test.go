package text

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"minirelay/devices/codec"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// lineDevices are the mappings by which the files of testdata/lines are read.
func lineDevices() map[string]mapping.DeviceConfig {
	return map[string]mapping.DeviceConfig{
		"rtl433": Device(
			Field("temperature", relay.TypeNumber, Key("temperature_C"), Plausible(-40, 60), Match("model", "Acurite-Tower")),
			Field("humidity", relay.TypeNumber, Match("model", "Acurite-Tower")),
			Field("battery", relay.TypeBool, Key("battery_ok"), Match("model", "Acurite-Tower")),
			Field("wind_chill", relay.TypeNumber, Key("temperature_C"), Match("model", "Fineoffset-WH2"))),
		"bsec": bsec(), "scale": benchScale(), "ublox": Ublox(), "boat": boat(), "balance": Balance(), "emontx": emonTx(), "dht": dht(),
		"mchobby": Headed(CSVDevice(Field("time", relay.TypeText, Key("datetime")),
			Field("pressure", relay.TypeNumber, Key("Pression Atmosphérique (hectopascal)")),
			Field("temperature", relay.TypeNumber, Key("Temperature (Celcius)")))),
		"tasmota": Device(
			Field("first", relay.TypeNumber, Key("DS18B20-1.Temperature")), Field("second", relay.TypeNumber, Key("DS18B20-2.Temperature")),
			Field("p0", relay.TypeNumber, Key("probes.0.t")), Field("p2", relay.TypeNumber, Key("probes[2].t")),
			Field("last", relay.TypeNumber, Key("adc[3]")), Field("deep", relay.TypeNumber, Key("adc[2][1]"))),
	}
}

// Lines that are documented or were recorded have the readings below them, and the reasons behind "!",
// however their bytes arrive.
func TestRecordedLines(t *testing.T) {
	devices := lineDevices()
	files, err := filepath.Glob("testdata/lines/*.txt")
	if err != nil || len(files) != len(devices) {
		t.Fatalf("%d files for %d mappings (%v)", len(files), len(devices), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var wire, want strings.Builder
		sourced := false
		for line := range strings.Lines(string(text)) {
			switch {
			case strings.HasPrefix(line, "#"):
				sourced = true
			case strings.HasPrefix(line, "> "):
				wire.WriteString(strings.TrimSuffix(line[2:], "\n") + "\r\n")
			default:
				want.WriteString(line)
			}
		}
		if !sourced {
			t.Errorf("%s names no source", file)
		}
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "one by one": iotest.OneByteReader,
			"by halves": iotest.HalfReader, "with the end": iotest.DataErrReader,
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				if got := readLines(t, devices[name], reader(strings.NewReader("\n"+wire.String()))); got != want.String() {
					t.Errorf("got\n%s\nwant\n%s", got, want.String())
				}
			})
		}
	}
}

// readLines returns the readings of each line, and why others are none.
func readLines(t *testing.T, d mapping.DeviceConfig, r io.Reader) string {
	t.Helper()
	var tap wire.Tap
	tap.ShowAll(func(wire.Record) {})
	codec, err := newCodec(d, &tap)
	if err != nil {
		t.Fatal(err)
	}
	framer := NewLineFramer(r, &tap)
	var out strings.Builder
	for {
		frame, err := framer.Next(d.MaxFrame)
		if err == io.EOF {
			return out.String()
		} else if err != nil {
			t.Fatal(err)
		}
		out.WriteString(readLine(&d, codec, &tap, frame.Bytes) + "\n")
	}
}

// readLine returns "temperature=21.5 ! humidity: …".
func readLine(d *mapping.DeviceConfig, codec codec.Stream, tap *wire.Tap, line []byte) string {
	tap.Forget()
	text, ok := codec.CheckSum(line)
	if !ok {
		return "! the checksum is wrong"
	}
	var out []string
	readings, ok := codec.Decode(text)
	for _, r := range readings {
		out = append(out, d.Fields[r.Field].ID+"="+r.Value.String())
	}
	if why := strings.Join(tap.Why, "; "); why != "" {
		out = append(out, "! "+why)
	} else if !ok {
		out = append(out, "! and no reason is given")
	}
	if ok && len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, " ")
}

func TestJSONKeys(t *testing.T) {
	for key, want := range map[string]string{
		"a": "[a]", "a.b": "[a b]", "a[0]": "[a 0]", "a[0][12].b": "[a 0 12 b]", "[3]": "[3]", "[3].a": "[3 a]", "a.0.b": "[a 0 b]",
		"a..b": `"a..b" has an empty part`, "": `"" has an empty part`, "a.[0]": `"a.[0]" has an empty part`,
		"a[": `"a[" has no index between [ and ]`, "a[x]": `"a[x]" has no index between [ and ]`, "a[-1]": `"a[-1]" has no index between [ and ]`,
		"a[01]": `"a[01]" has no index between [ and ]`, "a[0]b": `"a[0]b" has "b" behind ]`,
	} {
		path, err := jsonPath(key)
		got := fmt.Sprint(path)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
}

// A board that sends nothing but an array is understood where the keys are places in it.
func TestArrayAsAFrame(t *testing.T) {
	d := Device(Field("a", relay.TypeNumber, Key("[0]")), Field("b", relay.TypeNumber, Key("[2].x")))
	if got, _ := decode(t, d, ` [1,{"x":2},{"x":3}] `); got != "a=1 b=3" {
		t.Error(got)
	}
	for _, line := range []string{"[1,", "[1 2]", "[,]", "[1]]", "[1]{}", strings.Repeat("[", 100)} {
		if got, _ := decode(t, d, line); got != "noise" {
			t.Errorf("%s: %s", line, got)
		}
	}
}

// The law: whatever a line holds, no codec of text gives a number that its field does not allow, and each says the same
// of the same line again, but for a header that it has learnt from it.
func FuzzAnyLine(f *testing.F) {
	for _, file := range []string{"bsec", "scale", "emontx", "balance", "ublox", "tasmota"} {
		text, err := os.ReadFile("testdata/lines/" + file + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "> ") {
				f.Add(strings.TrimSpace(line[2:]))
			}
		}
	}
	devices := lineDevices()
	f.Fuzz(func(t *testing.T, line string) {
		for name, d := range devices {
			codec, err := newCodec(d, new(wire.Tap))
			if err != nil {
				t.Fatal(err)
			}
			text := []byte(line)
			if codec.HasSum() {
				text = codec.AddSum(text)
			}
			if text, err = stripped(codec, text); err != nil {
				continue
			}
			before := string(text)
			readings, ok := codec.Decode(text)
			first := fmt.Sprint(readings, ok)
			for _, r := range readings {
				f := d.Fields[r.Field]
				if n := r.Value.Number(); r.Value.Kind() == relay.Number && (n < f.Min || n > f.Max || n != n) {
					t.Errorf("%s: %q gives %v for %s", name, line, n, f.ID)
				}
			}
			if string(text) != before {
				t.Errorf("%s has changed the frame %q", name, line)
			}
			readings, ok = codec.Decode(text)
			if again := fmt.Sprint(readings, ok); again != first && !d.Header {
				t.Errorf("%s: %q first %s, then %s", name, line, first, again)
			}
		}
	})
}

func stripped(codec codec.Stream, line []byte) ([]byte, error) {
	text, ok := codec.CheckSum(line)
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	return text, nil
}

// newCodec makes the codec that a mapping names; the mapping has no faults.
func newCodec(d mapping.DeviceConfig, tap *wire.Tap) (codec.Stream, error) {
	return map[string]func(mapping.DeviceConfig, *wire.Tap) codec.Stream{
		"json": NewJSON, "csv": NewCSV, "pairs": NewPairs, "regex": NewRegex, "nmea": NewNMEA,
	}[d.Codec](d, tap), nil
}
