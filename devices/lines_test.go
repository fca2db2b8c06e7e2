package devices

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"minirelay/devices/codec"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/devices/serial"

	"minirelay/relay"
)

// lineDevices are the mappings by which the files of testdata/lines are read.
func lineDevices() map[string]mapping.DeviceConfig {
	return map[string]mapping.DeviceConfig{
		"rtl433": device(
			field("temperature", relay.TypeNumber, key("temperature_C"), plausible(-40, 60), match("model", "Acurite-Tower")),
			field("humidity", relay.TypeNumber, match("model", "Acurite-Tower")),
			field("battery", relay.TypeBool, key("battery_ok"), match("model", "Acurite-Tower")),
			field("wind_chill", relay.TypeNumber, key("temperature_C"), match("model", "Fineoffset-WH2"))),
		"bsec": bsec(), "scale": benchScale(), "ublox": ublox(), "boat": boat(), "balance": balance(), "emontx": emonTx(), "dht": dht(),
		"mchobby": headed(csvDevice(field("time", relay.TypeText, key("datetime")),
			field("pressure", relay.TypeNumber, key("Pression Atmosphérique (hectopascal)")),
			field("temperature", relay.TypeNumber, key("Temperature (Celcius)")))),
		"tasmota": device(
			field("first", relay.TypeNumber, key("DS18B20-1.Temperature")), field("second", relay.TypeNumber, key("DS18B20-2.Temperature")),
			field("p0", relay.TypeNumber, key("probes.0.t")), field("p2", relay.TypeNumber, key("probes[2].t")),
			field("last", relay.TypeNumber, key("adc[3]")), field("deep", relay.TypeNumber, key("adc[2][1]"))),
	}
}

func match(pairs ...string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) {
		f.Match = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			f.Match[pairs[i]] = pairs[i+1]
		}
	}
}

// Lines that are documented or were recorded give the readings that stand below them, and the reasons behind "!",
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

// readLines gives the readings of each line, and why others are none.
func readLines(t *testing.T, d mapping.DeviceConfig, r io.Reader) string {
	t.Helper()
	var count wire.Counters
	count.Tap.On.Store(true)
	codec, err := NewCodec(d, &count)
	if err != nil {
		t.Fatal(err)
	}
	framer := NewFramer(r, &count)
	var out strings.Builder
	for {
		frame, err := framer.Next(d.MaxFrame)
		if err == io.EOF {
			return out.String()
		} else if err != nil {
			t.Fatal(err)
		}
		out.WriteString(readLine(&d, codec, &count, frame.Line) + "\n")
	}
}

// readLine gives "temperature=21.5 ! humidity: …".
func readLine(d *mapping.DeviceConfig, codec codec.Codec, count *wire.Counters, line []byte) string {
	count.Tap.Forget()
	text, ok := codec.Unseal(line)
	if !ok {
		return "! the checksum is wrong"
	}
	var out []string
	readings, ok := codec.Decode(text)
	for _, r := range readings {
		out = append(out, d.Fields[r.Field].ID+"="+r.Value.String())
	}
	if why := strings.Join(count.Tap.Why, "; "); why != "" {
		out = append(out, "! "+why)
	} else if !ok {
		out = append(out, "! and nobody knows why")
	}
	if ok && len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, " ")
}

// Several boards on one line are told apart by match, and each has the answers to its own commands.
func TestBoardsThatShareALine(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		port := serial.Default()
		port.ID, port.Path = "uno", "/dev/uno"
		board, other := pumpBoard(), pumpBoard()
		other.ID = "other"
		board.Match, other.Match = map[string]string{"id": "1"}, map[string]string{"id": "2"}
		if why := CannotShare(board, other); why != "" {
			t.Fatal(why)
		}
		if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{other, board}}); err != nil {
			t.Fatal(err)
		}
		b := r.board()
		b.say("", `{"id":1,"p":0,"fan":7}`, `{"p":1,"id":2,"fan":9}`, `{"p":1,"fan":8}`, `{"id":3,"p":1,"fan":8}`, `{"id":1,"id":1,"fan":8}`)
		if pump, fan := r.field("pump"), r.field("fan"); pump != false || fan != 7.0 {
			t.Errorf("pump %v, fan %v", pump, fan)
		}
		if c := r.counts(); c.Frames != 2 || c.Noise != 3 {
			t.Errorf("%+v", c)
		}
		r.ask(`{"id":"a","command":"pump","value":true}`)
		seq := seqOf(b.hear())
		b.say(fmt.Sprintf("OK #%d", seq), `{"id":2,"p":1}`, `{"id":1,"p":1}`)
		if got := r.results(); got != "a done after 0s" {
			t.Error(got)
		}
	})
}

func TestWhoCanShareALine(t *testing.T) {
	plain, one, two := device(), device(), device()
	one.Match, two.Match = map[string]string{"id": "1"}, map[string]string{"id": "2"}
	for _, tt := range []struct {
		a, b mapping.DeviceConfig
		want string
	}{
		{one, two, ""},
		{plain, one, "nothing tells their lines apart without a match in each"},
		{one, one, "both take the same lines: their match is the same"},
	} {
		if got := CannotShare(tt.a, tt.b); got != tt.want {
			t.Errorf("%v and %v: %q", tt.a.Match, tt.b.Match, got)
		}
	}
}

func TestJSONKeys(t *testing.T) {
	for key, want := range map[string]string{
		"a": "[a]", "a.b": "[a b]", "a[0]": "[a 0]", "a[0][12].b": "[a 0 12 b]", "[3]": "[3]", "[3].a": "[3 a]", "a.0.b": "[a 0 b]",
		"a..b": `"a..b" has an empty part`, "": `"" has an empty part`, "a.[0]": `"a.[0]" has an empty part`,
		"a[": `"a[" has no number between [ and ]`, "a[x]": `"a[x]" has no number between [ and ]`, "a[-1]": `"a[-1]" has no number between [ and ]`,
		"a[01]": `"a[01]" has no number between [ and ]`, "a[0]b": `"a[0]b" has "b" behind ]`,
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
	d := device(field("a", relay.TypeNumber, key("[0]")), field("b", relay.TypeNumber, key("[2].x")))
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
			codec, err := NewCodec(d, new(wire.Counters))
			if err != nil {
				t.Fatal(err)
			}
			text := []byte(line)
			if codec.Sealed() {
				text = codec.Seal(text)
			}
			if text, err = unsealed(codec, text); err != nil {
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

func unsealed(codec codec.Codec, line []byte) ([]byte, error) {
	text, ok := codec.Unseal(line)
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	return text, nil
}
