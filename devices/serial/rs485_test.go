package serial

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/softboard"
)

// wireLog records the calls of a line, with their times.
type wireLog struct {
	began time.Time
	done  []string
	fail  string // what goes wrong
}

func (w *wireLog) note(what string) error {
	w.done = append(w.done, fmt.Sprintf("%v %s", time.Since(w.began), what))
	if what == w.fail {
		return errors.New("it went wrong")
	}
	return nil
}

func (w *wireLog) Write(b []byte) (int, error) { return len(b), w.note("write") }

// The direction is switched before the first bit and after the last, with the times that the adapter wants, and it is
// switched back after every error.
func TestRTSAroundEachWrite(t *testing.T) {
	for fail, want := range map[string]string{
		"":        "0s sending, 1ms write, 3ms drain, 10.333333ms hearing",
		"sending": "0s sending",
		"write":   "0s sending, 1ms write, 1ms hearing",
		"drain":   "0s sending, 1ms write, 3ms drain, 10.333333ms hearing",
		"hearing": "0s sending, 1ms write, 3ms drain, 10.333333ms hearing",
	} {
		t.Run("fails: "+fail, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wireLog{began: time.Now(), fail: fail}
				c := Default()
				c.RTSBefore, c.RTSAfter = time.Millisecond, time.Millisecond
				s := &sender{Writer: w, config: c, pause: time.Sleep,
					send: func(sending bool) error {
						if sending {
							return w.note("sending")
						}
						return w.note("hearing")
					},
					drain: func() error { // the driver says so when half of it is still in the adapter
						time.Sleep(2 * time.Millisecond)
						return w.note("drain")
					}}
				_, err := s.WriteBy(make([]byte, 8), WriteDeadline()) // 8.33 ms at 9600 8N1
				if (err != nil) != (fail != "") {
					t.Errorf("the error is %v", err)
				}
				if got := strings.Join(w.done, ", "); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		})
	}
}

func TestRS485ForTheDriver(t *testing.T) {
	for _, tt := range []struct {
		config RS485Config
		want   serialRS485
	}{
		{RS485Config{RS485: "kernel"}, serialRS485{flags: 1 | 2}},
		{RS485Config{RS485: "kernel", RTSLow: true, RTSBefore: 1500 * time.Microsecond, RTSAfter: time.Millisecond}, serialRS485{flags: 1 | 4, before: 2, after: 1}},
	} {
		if got := tt.config.kernel(); got != tt.want {
			t.Errorf("%+v: %+v", tt.config, got)
		}
	}
}

// A port that can do neither has an error with a hint; it can be opened without.
func TestRS485WhereThereIsNone(t *testing.T) {
	line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	for how, want := range map[string]string{
		"kernel": "the driver of {path} cannot switch an RS-485 adapter",
		"rts":    "{path} has no RTS line to switch an RS-485 adapter with",
		"off":    "",
	} {
		c := Default()
		c.Path, c.RS485 = line.Path(), how
		f, err := Open(c)
		if want == "" {
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.What != strings.ReplaceAll(want, "{path}", line.Path()) || !strings.Contains(e.Try, "leave rs485 out") {
			t.Errorf("%s: %v", how, err)
		}
	}
}
