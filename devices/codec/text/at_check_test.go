package text_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"minirelay/devices"
	"minirelay/devices/codec"
	"minirelay/devices/codec/text"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// Documented exchanges have the results below them, however the bytes of the answer arrive.
func TestRecordedAnswers(t *testing.T) {
	all := map[string]mapping.DeviceConfig{"modem": Modem(), "supply": Supply(), "korad": Korad()}
	files, err := filepath.Glob("testdata/at/*.txt")
	if err != nil || len(files) != len(all) {
		t.Fatalf("%d files for %d mappings (%v)", len(files), len(all), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if problems := devices.CheckDevice(all[name]); len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, pieces := range []int{1, 3, 1000} {
			t.Run(fmt.Sprintf("%s/%d", name, pieces), func(t *testing.T) {
				var request, answer string
				for line := range strings.Lines(string(text)) {
					line = strings.TrimSuffix(line, "\n")
					switch {
					case strings.HasPrefix(line, "#"):
					case strings.HasPrefix(line, "> "):
						request = line[2:]
					case strings.HasPrefix(line, "< "):
						if answer, err = strconv.Unquote(line[2:]); err != nil {
							t.Fatal(err)
						}
					default:
						if got := answered(t, all[name], request, answer, pieces); got != line {
							t.Errorf("%s: %q\n got %s\nwant %s", request, answer, got, line)
						}
					}
				}
			})
		}
	}
}

// answered returns what becomes of an answer that arrives in pieces of n bytes.
func answered(t *testing.T, d mapping.DeviceConfig, request, answer string, n int) string {
	t.Helper()
	var tap wire.Tap
	tap.ShowAll(func(wire.Record) {})
	a := text.NewAT(d, &tap)
	i := slices.IndexFunc(a.Queries(), func(q *codec.Query) bool { return q.Name == request })
	if i < 0 {
		t.Fatalf("%s is never asked", request)
	}
	q := a.Queries()[i]
	if want := request + d.LineEnd; string(q.Request) != want {
		t.Errorf("%q is written instead of %q", q.Request, want)
	}
	var r codec.Response
	v := codec.NoAnswer
	for end := 0; end < len(answer) && v == codec.NoAnswer; {
		end = min(end+n, len(answer))
		tap.Forget()
		r, v = q.Answer([]byte(answer[:end]), false)
	}
	if v == codec.NoAnswer && d.Silence > 0 {
		r, v = q.Answer([]byte(answer), true)
	}
	switch v {
	case codec.NoAnswer:
		return "waits"
	case codec.Refused:
		return "refused: " + r.Refusal
	}
	var out []string
	for _, reading := range r.Readings {
		out = append(out, d.Fields[reading.Field].ID+"="+reading.Value.String())
	}
	if why := strings.Join(tap.Why, "; "); why != "" {
		out = append(out, "! "+why)
	}
	return strings.Join(out, " ")
}

func TestCheckAT(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":       {func(d *mapping.DeviceConfig) {}, ""},
		"request":    {func(d *mapping.DeviceConfig) { d.Fields[0].Request = "" }, `field "a": request: the field has no request; write the line to send, for example request = "MEAS:VOLT?"`},
		"line end":   {func(d *mapping.DeviceConfig) { d.Fields[0].Request = "V?\n" }, `field "a": request: "V?\n" contains a line end; remove it: line_end of the device is added to each line`},
		"init":       {func(d *mapping.DeviceConfig) { d.Init = []string{"ATE0\r"} }, `init: "ATE0\r" contains a line end; remove it: line_end of the device is added to each line`},
		"answer":     {func(d *mapping.DeviceConfig) { d.Fields[0].Answer = "(" }, "field \"a\": answer: it is not a regular expression: missing closing ): `(`; in a plain text, write \\ before each of ( ) [ ] { } . * + ? ^ $ |"},
		"until":      {func(d *mapping.DeviceConfig) { d.Until = "(OK)?" }, `until: it matches every line, even an empty one; write what the line must contain, for example '^OK$'`},
		"both":       {func(d *mapping.DeviceConfig) { d.Fields[0].Answer, d.Fields[0].Column = "a(b)", 2 }, `field "a": column: answer already determines its position in the line; keep one of the two`},
		"silence":    {func(d *mapping.DeviceConfig) { d.Silence = time.Second }, `silence: it is 1s, and the timeout is only 500ms; make it shorter: ten characters take about 10ms at 9600 baud`},
		"terminator": {func(d *mapping.DeviceConfig) { d.Terminator = "。" }, `terminator: "。" contains a character that is not ASCII; write each character that may end a line, for example "\n" or ";"`},
		"comma":      {func(d *mapping.DeviceConfig) { d.DecimalComma, d.Fields[0].Column = true, 1 }, `decimal_comma: the comma already separates the columns; use another separator, for example separator = ";"`},
		"only no":    {func(d *mapping.DeviceConfig) { d.Commands[0].Refuse = "^E" }, `command "c": refuse: nothing shows that the command has succeeded; add expect, or until in the device, or leave it out`},
		"no and end": {func(d *mapping.DeviceConfig) { d.Commands[0].Refuse, d.Until = "^E", "^OK$" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := ATDevice(Field("a", relay.TypeNumber, Asks("A?")))
			c := mapping.DefaultCommand()
			c.ID, c.Type, c.Send = "c", relay.TypeNone, "RESET"
			d.Commands = []mapping.CommandConfig{c}
			tt.change(&d)
			var got []string
			for _, p := range devices.CheckDevice(d) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
}
