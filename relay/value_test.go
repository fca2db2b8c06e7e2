package relay

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestAppendNumber(t *testing.T) {
	for _, c := range []struct {
		f        float64
		decimals int
		want     string
	}{
		{21.53, 1, "21.5"}, {21, 1, "21"}, {-0.04, 1, "0"}, {0.1 + 0.2, 2, "0.3"}, {1e-9, 3, "0"},
		{0.1, -1, "0.1"}, {-273.15, -1, "-273.15"}, {1 << 40, -1, "1099511627776"}, {1e300, -1, "1e+300"},
		{123456789.126, 2, "123456789.13"}, {2.5, 0, "2"}, {3.5, 0, "4"}, {1e-7, -1, "1e-07"},
	} {
		got := string(appendNumber(nil, c.f, c.decimals))
		if got != c.want {
			t.Errorf("%v with %d decimals: %s, want %s", c.f, c.decimals, got, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s is no JSON", got)
		}
	}
	if !NumberValue(math.NaN()).IsNull() || !NumberValue(math.Inf(1)).IsNull() {
		t.Error("NaN and infinity must be null")
	}
}

// Law: text written as JSON reads back unchanged, with invalid UTF-8 replaced.
func FuzzAppendJSONString(f *testing.F) {
	for _, s := range []string{"", "温室", "a\"b\\c", "\x00\x1f\x7f\n", "\xff\xfe", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendJSONString(nil, s)
		var back string
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := strings.Map(func(r rune) rune { return r }, s); back != want {
			t.Fatalf("%q reads back as %q", s, back)
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	w := discard{}
	r, err := Start(Config{Root: "minirelay", Gateway: "home", DataDir: b.TempDir()}, w, nopLog)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	d := r.Attach(greenhouse, NewLane(4))
	now := d.ts
	readings := []Reading{{0, NumberValue(21.53)}, {1, BoolValue(true)}}
	b.ReportAllocs()
	for b.Loop() {
		d.Update(now, readings)
	}
}
