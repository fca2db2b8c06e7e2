package detect_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minirelay/configs"
	"minirelay/devices"
	"minirelay/devices/capture"
	. "minirelay/devices/detect"
	"minirelay/devices/wire"
)

// Any result can be pasted into a config as TOML, and decodes what it was made from.
func TestTOML(t *testing.T) {
	sensed := func(data string) *Sample {
		var pieces [][]byte
		for line := range strings.Lines(data) {
			pieces = append(pieces, []byte(line))
		}
		return &Sample{Setting: Setting{Baud: 9600, DataBits: 7, Parity: "odd"}, Data: []byte(data), Sense: Judge([]byte(data), pieces)}
	}
	thrice := func(s string) string { return "half\r\n" + strings.Repeat(s, 3) }
	frames := func(frame ...byte) string {
		var b []byte
		for n := range byte(9) {
			f := bytes.Clone(frame)
			f[3] += 7 * n
			sum := byte(0)
			for _, x := range f[1:] {
				sum -= x
			}
			b = append(append(b, f...), sum)
		}
		return string(b)
	}
	for name, test := range map[string]struct {
		found Result
		want  string
	}{
		"json":     {Result{Talker: sensed(thrice("{\"t\":21.5,\"air\":{\"t\":1},\"ts\":5,\"温度\":3,\"T\":1,\"on\":true,\"s\":\"it's\"}\n"))}, "key = \"air.t\""},
		"hostile":  {Result{Talker: sensed(thrice("{\"a\\u001b\\u0007\\nx = 1\":1,\"t\":2,\"\\u202e\":3}\n"))}, "key = \"a\\U0000001b\\U00000007\\U0000000ax = 1\""},
		"escapes":  {Result{Talker: sensed(thrice("it's \x1b[31m fine \u009b 5\n"))}, "(?P<value"},
		"pairs":    {Result{Talker: sensed(thrice("T=21.5 H=40;state:on\n"))}, "codec = \"pairs\""},
		"nmea":     {Result{Talker: sensed(thrice("$GPGLL,4916.45,N,12311.12,W,225444,A,*1D\r\n"))}, "codec = \"nmea\""},
		"csv":      {Result{Talker: sensed(thrice("1;2;x\n"))}, "separator = \";\""},
		"spaces":   {Result{Talker: sensed(thrice("  12.1   14 3\n"))}, "separator = \" \""},
		"number":   {Result{Talker: sensed(thrice("12.1\n"))}, "column = 1"},
		"sentence": {Result{Talker: sensed(thrice("It's -20.5 degrees (41 %) in room A-1 [ok]\n"))}, "(?P<value2>"},
		"words":    {Result{Talker: sensed(thrice("it's all \\ fine's\n"))}, "(?P<line>"},
		"binary":   {Result{Talker: sensed(frames(0xff, 0x86, 1, 2, 3, 4, 0, 0))}, "checksum = \"sum8-inverted\""},
		"nonsense": {Result{Talker: sensed("\x00\xff\x00\x80\xf8")}, "too uncertain"},
		"units":    {Result{Units: []UnitResult{{Unit{Address: 5, Setting: Setting{Baud: 19200, DataBits: 8, Parity: "even"}}, []Range{{Table: "holding", From: 3, To: 60, Values: make([]uint16, 58)}, {Table: "discrete", From: 0, To: 0, Values: []uint16{1}}}, []string{"this", "that"}, false}}}, "# It may be one of these: this, that. If so"},
		"fitting":  {Result{Units: []UnitResult{{Unit{Address: 5, Setting: ModbusSettings()[0]}, []Range{{Table: "input", From: 3, To: 4, Values: make([]uint16, 2)}}, []string{"sdm120", "sdm230"}, true}}}, "unit = 5\n# It answers every request of this profile with plausible values: minirelay profiles sdm120 prints it.\nprofile = \"sdm120\"\n# These fit as well: sdm230. The label"},
		"echo":     {Result{Echo: true, Units: []UnitResult{{Unit: Unit{Address: 5, Setting: ModbusSettings()[0]}}}}, "\necho = true\n"},
		"meter":    {Result{Meters: []MeterFound{{Setting: MeterSettings()[0], Address: "000010604867", Energy: "12.34"}, {Setting: MeterSettings()[0], Address: "000010604868"}}}, "# It shows 12.34 kWh now."},
		"profile":  {Result{Talker: sensed(thrice("{\"t\":21}\n")), Profile: configs.Profiles()[0].Name}, "profile = "},
	} {
		test.found.Path, test.found.Name = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "ttyUSB0"
		text := test.found.TOML()
		path := filepath.Join(t.TempDir(), "minirelay.toml")
		if err := os.WriteFile(path, []byte("[gateway]\nid = \"home\"\n\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := configs.Load(path)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if s := test.found.Talker; s != nil && name != "nonsense" && name != "profile" {
			taken := 0
			count := func(r wire.Record) {
				if r.Frame != nil && r.Frame.OK {
					taken++
				}
			}
			if _, err := devices.Decode(config.Devices.Ports[0], config.Devices.Devices[0], []capture.Record{{Data: s.Data}}, count); err != nil || taken < 2 {
				t.Errorf("%s: it decodes %d frames of what it was made from (%v)\n%s", name, taken, err, text)
			}
		}
		if !strings.Contains(text, test.want) || !strings.Contains(text, "扫描结果") {
			t.Errorf("%s: no %s in\n%s", name, test.want, text)
		}
	}
	for path, id := range map[string]string{"/dev/pts/3": "pts_3", "tcp://192.168.1.20:4001": "192_168_1_20_4001", "/dev/温": "found"} {
		if text := (&Result{Path: path, Meters: []MeterFound{{Setting: MeterSettings()[0], Address: "000010604867"}}}).TOML(); !strings.Contains(text, "[ports."+id+"]\n") {
			t.Errorf("no port %s in\n%s", id, text)
		}
	}
	if (&Result{}).TOML() != "" {
		t.Error("nothing was found, and something is printed")
	}
}
