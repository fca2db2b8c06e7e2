package detect

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// boards send lines or frames that change a little from one time to the next.
func boards() map[string]func(n int) []byte {
	text := func(format string, args ...func(n int) any) func(int) []byte {
		return func(n int) []byte {
			var values []any
			for _, a := range args {
				values = append(values, a(n))
			}
			return fmt.Appendf(nil, format, values...)
		}
	}
	degrees := func(n int) any { return 20 + float64(n%7)/10 }
	return map[string]func(int) []byte{
		"json": text("{\"t\":%.1f,\"h\":%v,\"p\":0}\r\n", degrees, func(n int) any { return 40 + n%5 }),
		"nmea": func(n int) []byte {
			return sealed(fmt.Sprintf("GPGGA,1235%02d,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", n%60))
		},
		"pairs": text("T=%.1f C H=%v\n", degrees, func(n int) any { return 40 + n%5 }),
		"csv":   text("%.2f,%v,1013\n", degrees, func(n int) any { return 40 + n%5 }),
		"words": text("Temperature is %.1f now\r\n", degrees),
		// Plantower PMS5003: start 42 4d, length 28, thirteen words, the sum of all bytes (data sheet 2016, appendix I).
		"pms5003": func(n int) []byte {
			f := append([]byte{0x42, 0x4d, 0, 28}, make([]byte, 26)...)
			for i := 4; i < 30; i += 2 {
				binary.BigEndian.PutUint16(f[i:], uint16(5+n%9+i))
			}
			sum := 0
			for _, b := range f {
				sum += int(b)
			}
			return binary.BigEndian.AppendUint16(f, uint16(sum))
		},
		// Nova SDS011: aa c0, six bytes of data, their sum, ab (laser PM sensor specification V1.3).
		"sds011": func(n int) []byte {
			f := []byte{0xaa, 0xc0, byte(0xd4 + n%11), 4, 0x3a, 0x0a, 0xa1, 0x60, 0, 0xab}
			for _, b := range f[2:8] {
				f[8] += b
			}
			return f
		},
		// Winsen MH-Z19B: ff 86 high low …, and the two's complement of the sum of bytes 1 to 7 (data sheet V1.0).
		"mh-z19b": func(n int) []byte {
			f := []byte{0xff, 0x86, 2, byte(0x60 + n%13), 0x47, 0, 0, 0, 0}
			for _, b := range f[1:8] {
				f[8] -= b
			}
			return f
		},
	}
}

func sealed(s string) []byte {
	var sum byte
	for _, b := range []byte(s) {
		sum ^= b
	}
	return fmt.Appendf(nil, "$%s*%02X\r\n", s, sum)
}

func found(t *testing.T, l *fakeLine) (all []Sample, tried []Setting) {
	t.Helper()
	l.start()
	defer close(l.stop)
	all, err := Talkers(t.Context(), l, 3*time.Second, Speeds(), func(s Setting) { tried = append(tried, s) })
	if err != nil {
		t.Fatal(err)
	}
	if len(l.wrote) > 0 {
		t.Errorf("%d things were written to a line that talks", len(l.wrote))
	}
	return all, tried
}

// Every board is found at every setting, with or without hardware that counts broken characters.
func TestTalkers(t *testing.T) {
	for name, say := range boards() {
		for _, s := range []Setting{{9600, 8, "none"}, {115200, 8, "none"}, {1200, 8, "none"}, {4800, 8, "none"}, {57600, 8, "none"},
			{9600, 8, "even"}, {19200, 8, "odd"}, {2400, 7, "even"}, {9600, 7, "odd"}, {921600, 8, "none"}} {
			if s.DataBits == 7 && strings.ContainsAny(name, "0123456789") {
				continue // frames of bytes have eight bits
			}
			counts := (len(name)+s.Baud/1200)%2 == 0
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				all, _ := found(t, &fakeLine{board: s, every: 300 * time.Millisecond, say: say, counts: counts})
				if len(all) == 0 || all[0].Setting != s {
					best := ""
					for _, a := range all[:min(3, len(all))] {
						best += fmt.Sprintf("\n%v %.2f %s %q", a.Setting, a.Sense.Value, a.Sense.What, a.Data[:min(40, len(a.Data))])
					}
					t.Errorf("%s at %v (counted: %v): %s", name, s, counts, best)
				}
				if d := time.Since(start); d > 150*time.Second {
					t.Errorf("it took %v", d)
				}
			})
		}
	}
}

// The form of lines is found, with their keys.
func TestLines(t *testing.T) {
	for name, want := range map[string]string{
		"json":  "lines of JSON json [{t number} {h number} {p number}]",
		"pairs": "pairs of keys and values pairs [{T number} {H number}]",
		"csv":   "columns csv [{1 number} {2 number} {3 number}]",
		"nmea":  "NMEA 0183 sentences nmea [{latitude number} {longitude number} {speed number} {satellites number} {fix_quality number}]",
		"words": "  []",
	} {
		var data []byte
		for n := range 5 {
			data = append(data, boards()[name](n)...)
		}
		s := Judge(data, nil)
		if s.Text == nil {
			t.Errorf("%s: %+v", name, s)
			continue
		}
		if got := fmt.Sprint(s.Text.Kind, " ", s.Text.Codec, " ", s.Text.Values); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	data := []byte("half\n{\"a\":{\"b\":1,\"c\":[1,{\"d\":2}],\"e\":true},\"f\":\"x\"}\n{\"a\":{\"b\":2},\"g\":null}\nboot\n")
	if got := fmt.Sprint(Judge(data, nil).Text.Values); got != "[{a.b number} {a.e bool} {f text}]" {
		t.Error(got)
	}
}

// Silence is certain after two settings. Noise makes no sense at any.
func TestNoTalkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, tried := found(t, &fakeLine{board: Setting{9600, 8, "none"}})
		if len(all) != 0 || len(tried) != 2 {
			t.Errorf("%v %v", all, tried)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		noise := func(int) []byte {
			b := make([]byte, 20+random.IntN(30))
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			return b
		}
		all, _ := found(t, &fakeLine{board: Setting{9600, 8, "none"}, every: 100 * time.Millisecond, say: noise})
		if all[0].Sense.Value >= Doubtful {
			t.Errorf("noise: %v %+v", all[0].Setting, all[0].Sense)
		}
	})
}

// A lost line and a cancelled context end a search.
func TestTalkersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&fakeLine{board: Setting{9600, 8, "none"}, every: time.Second, say: boards()["json"]}).start()
		defer close(l.stop)
		go func() { time.Sleep(2 * time.Second); l.lose() }()
		if _, err := Talkers(t.Context(), l, time.Minute, Speeds(), func(Setting) {}); err != ErrLost {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := (&fakeLine{board: Setting{9600, 8, "none"}}).start()
		defer close(l.stop)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := Talkers(ctx, l, time.Minute, Speeds(), func(Setting) {}); err != context.DeadlineExceeded {
			t.Error(err)
		}
	})
}

func FuzzJudge(f *testing.F) {
	for _, say := range boards() {
		f.Add(append(say(1), say(2)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Judge(data, [][]byte{data})
		if s.Value < 0 || s.Value > 1 || s.What == "" {
			t.Errorf("%+v", s)
		}
	})
}
