package main

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"minirelay/api"
	"minirelay/locale"
)

// viewed shows sights on a terminal with that many columns, or not on a terminal if it is 0.
func viewed(columns int, show func(v *wireView)) string {
	var b strings.Builder
	v := newWireView(&b, locale.English)
	v.columns = func() int { return columns }
	v.units = map[[2]string]string{{"meter", "voltage"}: "V"}
	show(v)
	v.flush()
	return b.String()
}

func bytesAt(ms int64, dir, data string) sight {
	return sight{api.Sight{Dir: dir, Hex: hex.EncodeToString([]byte(data))}, at(ms)}
}

func at(ms int64) time.Time {
	return time.Date(2026, 11, 24, 10, 20, 31, 0, time.UTC).Add(time.Duration(ms) * time.Millisecond)
}

func frameAt(ms int64, f api.Frame) sight { return sight{api.Sight{Frame: &f}, at(ms)} }

var voltage = api.Field{ID: "voltage", Value: json.RawMessage("230.1")}

// Bytes that arrive one by one share a row; a pause, the other direction, a line end or a frame ends it.
func TestRows(t *testing.T) {
	got := viewed(0, func(v *wireView) {
		v.show(bytesAt(0, api.In, "温度"))
		v.show(bytesAt(4, api.In, "="))
		v.show(bytesAt(8, api.In, "21\r\nab"))
		v.show(bytesAt(9, api.Out, "PUMP"))
		v.show(bytesAt(12, api.In, "\x01\n\x02"))
		v.show(bytesAt(100, api.In, "0123456789abcdef0123456789abcdefxyz"))
		v.show(frameAt(101, api.Frame{Text: "x", Device: "meter", OK: true, Request: "holding:0-1", Fields: api.Fields{voltage, {ID: "relay", Value: json.RawMessage("null")}}, Why: "relay: 7 is not one of its values"}))
		v.show(frameAt(102, api.Frame{Text: "boo\x1b[31m", Why: "nobody knows it"}))
		v.show(frameAt(103, api.Frame{Device: "meter", Request: "coil:0", Why: "no answer in 500ms"}))
		v.show(frameAt(104, api.Frame{Text: "OK #1", Device: "house", OK: true, Request: "command"}))
		v.show(frameAt(104, api.Frame{Hex: "078302", Text: "···", Device: "meter", OK: true, Request: "holding:99", Why: "the device refused: no such register"}))
		v.show(frameAt(104, api.Frame{Hex: strings.Repeat("ff", 21), Text: strings.Repeat("·", 21), Why: "nobody knows it"}))
		closed, why := false, "unplugged\x07"
		v.show(sight{api.Sight{Open: &closed, Trouble: &why}, at(105)})
		v.show(sight{api.Sight{Missed: 17}, at(106)})
	})
	want := `10:20:31.000 < e6 b8 a9 e5 ba a6 3d 32 31 0d 0a                 温度=21··
10:20:31.008 < 61 62                                            ab
10:20:31.009 > 50 55 4d 50                                      PUMP
10:20:31.012 < 01 0a 02                                         ···
10:20:31.100 < 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef
10:20:31.100 < 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef
10:20:31.100 < 78 79 7a                                         xyz
10:20:31.101 = meter holding:0-1: voltage 230.1 V, relay null
10:20:31.101 ! relay: 7 is not one of its values
10:20:31.102 ! nobody knows it: boo·[31m
10:20:31.103 ! meter coil:0: no answer in 500ms
10:20:31.104 = house command: OK #1
10:20:31.104 ! meter holding:99: the device refused: no such register
10:20:31.104 ! nobody knows it: ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff …
10:20:31.105 - the port is closed: unplugged·
10:20:31.106 - 17 records were missed here: this side is too slow
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// In a narrow terminal every line fits, and nothing is lost.
func TestNarrowTerminal(t *testing.T) {
	for columns := 30; columns < 130; columns++ {
		got := viewed(columns, func(v *wireView) {
			v.show(bytesAt(0, api.In, strings.Repeat("0123456789", 10)))
			var fields api.Fields
			for range 9 {
				fields = append(fields, voltage)
			}
			v.show(frameAt(1, api.Frame{Device: "meter", OK: true, Fields: fields}))
		})
		digits := 0
		for line := range strings.Lines(got) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > columns && columns > 38 {
				t.Errorf("%d columns in one of %d: %s", n, columns, line)
			}
			if i := strings.LastIndex(line, "  "); strings.Contains(line, " < ") {
				digits += len(strings.TrimSpace(line[i:]))
			}
		}
		if digits != 100 || strings.Count(got, "230.1 V") != 9 {
			t.Errorf("of 100 bytes %d are shown in %d columns\n%s", digits, columns, got)
		}
	}
}

// The end of a row does not split a character.
func TestRowsOfChinese(t *testing.T) {
	for columns := 40; columns < 100; columns++ {
		const said = "温度二十一度半,湿度四十,水泵关"
		got := viewed(columns, func(v *wireView) { v.show(bytesAt(0, api.In, said)) })
		var shown strings.Builder
		for line := range strings.Lines(got) {
			shown.WriteString(strings.TrimSpace(line[strings.LastIndex(line, "  "):]))
		}
		if shown.String() != said {
			t.Errorf("%d columns:\n%s", columns, got)
		}
	}
}

// Output that is not a terminal has no colours, and on a terminal the columns stay aligned.
func TestColours(t *testing.T) {
	show := func(v *wireView) {
		v.show(bytesAt(0, api.Out, "x"))
		v.show(frameAt(1, api.Frame{Device: "meter", OK: true, Fields: api.Fields{voltage, voltage, voltage, voltage, voltage}}))
	}
	bare := viewed(60, show)
	coloured := viewed(60, func(v *wireView) { v.colours = true; show(v) })
	if strings.Contains(bare, "\x1b") || !strings.Contains(coloured, "\x1b[33m") {
		t.Errorf("%q\n%q", bare, coloured)
	}
	for _, code := range []string{"0", red, green, yellow, grey} {
		coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
	}
	if coloured != bare {
		t.Errorf("%s\n%s", coloured, bare)
	}
}
