package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"minirelay/configs"
	"minirelay/devices/detect"
	"minirelay/locale"
	"minirelay/softboard"
)

// scanned scans a board on a pseudo-terminal, where speeds have no effect, and returns its output on stdout and stderr.
func scanned(t *testing.T, live func(line *softboard.Line), args ...string) (block, said string, err error) {
	t.Helper()
	line, err := softboard.Open("")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); live(line) }()
	defer func() { line.Close(); <-ended }()
	var out, problems lockedBuffer
	err = runScan(t.Context(), &env{strings.NewReader(""), &out, &problems, locale.English}, append([]string{line.Path()}, args...))
	return out.String(), problems.String(), err
}

// checked loads a block the way users do: pasted after a gateway's table.
func checked(t *testing.T, block string) *configs.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "minirelay.toml")
	writeFile(t, path, "[gateway]\nid = \"home\"\n\n"+block)
	config, err := configs.Load(path)
	if err != nil {
		for _, f := range err.(*configs.Faults).List {
			t.Error(f)
		}
		t.Fatalf("the block cannot be used:\n%s", block)
	}
	return config
}

// The block for a board that sends by itself is enough to read its values.
func TestScanTalker(t *testing.T) {
	noLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	block, said, err := scanned(t, func(line *softboard.Line) {
		_ = softboard.Run(ctx, line, softboard.NewGreenhouse(1), 50*time.Millisecond)
	})
	if err != nil {
		t.Fatal(err)
	}
	config := checked(t, block)
	if !strings.Contains(said, "lines of JSON") || len(config.Devices.Devices) != 1 || config.Devices.Ports[0].Baud != 9600 {
		t.Errorf("%s\n%s", said, block)
	}
}

// Progress is in the language of the user; the block is for a file.
func TestScanInChinese(t *testing.T) {
	noLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	block, said, err := scanned(t, func(line *softboard.Line) {
		_ = softboard.Run(ctx, line, softboard.NewGreenhouse(1), 50*time.Millisecond)
	}, "-lang", "zh")
	if err != nil {
		t.Fatal(err)
	}
	checked(t, block)
	if !strings.Contains(said, "正在监听主动发送数据的开发板；不写出任何内容\n") || !strings.Contains(said, "JSON 行") || strings.Contains(said, "listening") {
		t.Error(said)
	}
}

// The units of a bus, with their registers.
func TestScanModbus(t *testing.T) {
	noLeaks(t)
	block, said, err := scanned(t, func(line *softboard.Line) {
		bus := &softboard.ModbusBus{Units: []*softboard.ModbusUnit{
			softboard.NewModbusUnit(1).Set(softboard.InputRegisters, 0, 2301, 0, 152).Set(softboard.Coils, 0, 1),
			softboard.NewModbusUnit(2), // answers every request with an exception
		}}
		_ = bus.Serve(line)
	}, "-only", "modbus", "-baud", "9600", "-wait", "2s", "-units", "2", "-registers", "15")
	if err != nil {
		t.Fatal(err)
	}
	config := checked(t, block)
	if len(config.Devices.Devices) != 2 || !strings.Contains(block, "# input:0 to 2 can be read; now 2301 0 152") ||
		!strings.Contains(block, `register = "coil:0"`) || !strings.Contains(block, "unit = 2\n") || !strings.Contains(said, "Modbus unit 1 answers at 9600 8N1") ||
		!strings.Contains(said, ", unit 1: it may be ") || strings.Contains(block, "\nprofile = ") {
		t.Errorf("%s\n%s", said, block)
	}
}

// A unit that answers the requests of a profile with plausible values is reported with the profile's name. A unit with
// other values is not.
func TestScanFitsProfiles(t *testing.T) {
	noLeaks(t)
	// PZEM-004T v3: 220.0 V, 1.000 A, 220.0 W, 0 Wh, 50.0 Hz, 1.00, no alarm, as in the example of its manual.
	meter := softboard.NewModbusUnit(1).Set(softboard.InputRegisters, 0, 2200, 1000, 0, 2200, 0, 0, 0, 500, 100, 0)
	other := softboard.NewModbusUnit(2).Set(softboard.InputRegisters, 0, 60000, 60000, 60000, 60000, 60000, 60000, 60000, 60000, 60000, 60000)
	block, said, err := scanned(t, func(line *softboard.Line) {
		_ = (&softboard.ModbusBus{Units: []*softboard.ModbusUnit{meter, other}}).Serve(line)
	}, "-only", "modbus", "-baud", "9600", "-wait", "2s", "-units", "2", "-registers", "9")
	if err != nil {
		t.Fatal(err)
	}
	config := checked(t, block)
	first, second, _ := strings.Cut(block, "_unit2]")
	if !strings.Contains(first, "profile = \"pzem-004t-v3\"") || strings.Contains(second, "pzem-004t-v3") {
		t.Errorf("%s\n%s", said, block)
	}
	// The devices are named by port and unit, and what a profile describes is not described again.
	port := config.Devices.Ports[0].ID
	for i, d := range config.Devices.Devices {
		if d.ID != fmt.Sprintf("%s_unit%d", port, i+1) || d.Port != port || d.ModbusUnit != i+1 {
			t.Errorf("%s on %s, unit %d", d.ID, d.Port, d.ModbusUnit)
		}
	}
	if n := strings.Count(block, "\n"); n > 30 || strings.Contains(first, ".fields.") {
		t.Errorf("%d lines:\n%s", n, block)
	}
	at := "/" + strings.TrimPrefix(port, "pts_")
	for _, want := range []string{at + ", unit 1: pzem-004t-v3 (PZEM-004T V3 energy meter)", at + ", unit 2: a device that no profile fits\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

// What was found is said in the language of the user.
func TestScanSaysInChinese(t *testing.T) {
	var said lockedBuffer
	s := &scanning{env: &env{stderr: &said, lang: locale.Chinese}, name: "/dev/ttyUSB7"}
	units := []detect.UnitResult{
		{Unit: detect.Unit{Address: 1}, Profiles: []string{"pzem-004t-v3", "pzem-016"}, Certain: true},
		{Unit: detect.Unit{Address: 2}, Profiles: []string{"xy-md02", "sht20-modbus"}},
		{Unit: detect.Unit{Address: 3}},
	}
	s.found = detect.Result{Units: units}
	s.summary()
	s.found = detect.Result{Profile: "arduino-greenhouse", Talker: &detect.Sample{}}
	s.summary()
	s.found = detect.Result{Meters: []detect.MeterFound{{Address: "000010604867"}}}
	s.summary()
	want := `ttyUSB7 上的从站 1：pzem-004t-v3（PZEM-004T V3 电能模块）；也可能是 pzem-016
ttyUSB7 上的从站 2：也许是 xy-md02、sht20-modbus
ttyUSB7 上的从站 3：没有合适的现成描述
ttyUSB7 上找到：arduino-greenhouse（Arduino 温室（示例程序））
ttyUSB7 上找到电表 000010604867
`
	if said.String() != want {
		t.Error(said.String())
	}
}

// A meter reports its address.
func TestScanMeter(t *testing.T) {
	noLeaks(t)
	request, _ := hex.DecodeString("68aaaaaaaaaaaa681300df16")
	answer, _ := hex.DecodeString("fefefe68100054123412689306433387456745")
	sum := byte(0)
	for _, b := range answer[3:] {
		sum += b
	}
	answer = append(answer, sum, 0x16)
	block, said, err := scanned(t, func(line *softboard.Line) {
		var got []byte
		for buf := make([]byte, 100); ; {
			n, err := line.Read(buf)
			if err != nil {
				return
			}
			if got = append(got, buf[:n]...); bytes.HasSuffix(got, request) {
				_, _ = line.Write(answer)
			}
		}
	}, "-only", "dlt645", "-wait", "700ms")
	if err != nil {
		t.Fatal(err)
	}
	config := checked(t, block)
	if d := config.Devices.Devices[0]; d.Codec != "dlt645" || d.Address != "123412540010" || config.Devices.Ports[0].Parity != "even" {
		t.Errorf("%s\n%s", said, block)
	}
}

// If nothing is found, scan says so and suggests what to check. The user can interrupt it.
func TestScanNothing(t *testing.T) {
	noLeaks(t)
	silent := func(line *softboard.Line) {
		for buf := make([]byte, 100); ; {
			if _, err := line.Read(buf); err != nil {
				return
			}
		}
	}
	block, said, err := scanned(t, silent, "-listen", "100ms", "-wait", "5ms", "-baud", "9600", "-units", "20")
	if err == nil || !strings.Contains(err.Error(), "nothing was found") || block != "" {
		t.Errorf("%v %s", err, block)
	}
	for _, want := range []string{"nothing was received", "no Modbus unit answers", "no meter answers"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	line, err := softboard.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = runScan(ctx, &env{stdout: &lockedBuffer{}, stderr: &lockedBuffer{}}, []string{line.Path()})
	if err == nil || err.Error() != "the scan was interrupted" {
		t.Errorf("%v", err)
	}
}

// A board that a profile describes is recognised by its data.
func TestScanKnowsProfiles(t *testing.T) {
	all, err := profileDevices()
	if err != nil || len(all["arduino-greenhouse"].Fields) == 0 {
		t.Fatalf("%d of %d profiles: %v", len(all), len(configs.Profiles()), err)
	}
	var data []byte
	board := softboard.NewGreenhouse(1)
	for range 4 {
		data = append(data, board.Step(time.Second)...)
	}
	sample := detect.Sample{Setting: detect.Setting{Baud: 115200, DataBits: 8, Parity: "none"}, Data: data}
	if got := matchingProfile(sample); got != "" && !strings.Contains(got, "greenhouse") {
		t.Errorf("a greenhouse matches %q", got)
	}
	if got := matchingProfile(detect.Sample{Data: []byte("hello\nworld\n")}); got != "" {
		t.Errorf("plain words match %q", got)
	}
}
