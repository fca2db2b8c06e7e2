package detect

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/softboard"
)

// busLine is a line with Modbus units on it.
func busLine(t *testing.T, s Setting, echo bool, units ...*softboard.ModbusUnit) (*fakeLine, *softboard.ModbusBus) {
	bus := &softboard.ModbusBus{Units: units}
	ours, theirs := net.Pipe()
	go func() { _ = bus.Serve(theirs) }()
	l := (&fakeLine{board: s, every: 5 * time.Millisecond}).start()
	l.answer = func(request []byte) []byte {
		if echo {
			l.hear(request)
		}
		_, _ = ours.Write(request)
		return nil
	}
	go func() {
		for buf := make([]byte, 300); ; {
			n, err := ours.Read(buf)
			if err != nil {
				return
			}
			l.hear(bytes.Clone(buf[:n]))
		}
	}()
	t.Cleanup(func() { ours.Close(); theirs.Close(); close(l.stop) })
	return l, bus
}

var search = ModbusSearch{Settings: ModbusSettings(), Patience: 100 * time.Millisecond, UpTo: 247}

// Units are found at whatever setting, by whatever they answer, with an adapter that repeats what is written too.
func TestModbusUnits(t *testing.T) {
	for _, s := range ModbusSettings() {
		synctest.Test(t, func(t *testing.T) {
			refusing := softboard.NewModbusUnit(3) // has no registers at all: says no
			l, bus := busLine(t, s, s.Baud == 9600, softboard.NewModbusUnit(1).Set(softboard.HoldingRegisters, 0, 7), refusing,
				softboard.NewModbusUnit(200).Set(softboard.InputRegisters, 5, 1))
			start := time.Now()
			last := Progress{}
			found, err := ModbusUnits(t.Context(), l, search, func(p Progress) { last = p })
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(found.Units), fmt.Sprint([]Unit{{1, s}, {3, s}, {200, s}}); got != want {
				t.Errorf("%v: %s", s, got)
			}
			if d := time.Since(start); d > 2*time.Minute || last.Done >= last.Total {
				t.Errorf("%v: it took %v, and said %+v", s, d, last)
			}
			for _, q := range bus.Requests() {
				if q.PDU[0] > 4 {
					t.Errorf("it wrote: %v", q)
				}
			}
			l.lose()
		})
	}
}

// Nobody is there: that is known after a while, which is told beforehand.
func TestNoModbusUnits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := busLine(t, Setting{9600, 8, "none"}, false)
		steps := 0
		found, err := ModbusUnits(t.Context(), l, search, func(p Progress) { steps++ })
		if err != nil || len(found.Units) > 0 || steps != search.Steps() {
			t.Errorf("%v %v after %d of %d", found, err, steps, search.Steps())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := ModbusUnits(ctx, l, search, func(Progress) {}); err != context.DeadlineExceeded {
			t.Error(err)
		}
		l.lose()
		if _, err := ModbusUnits(t.Context(), l, search, func(Progress) {}); err != ErrLost {
			t.Error(err)
		}
	})
}

// What can be read of a unit is found to the register, and what it holds.
func TestRanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Setting{9600, 8, "none"}
		u := softboard.NewModbusUnit(9).
			Set(softboard.HoldingRegisters, 0, 1, 2, 3).Set(softboard.HoldingRegisters, 30, 4).
			Set(softboard.InputRegisters, 15, 1, 2).Set(softboard.Coils, 0, 1, 0, 1)
		l, bus := busLine(t, s, false, u)
		all, err := Ranges(t.Context(), l, Unit{9, s}, 63, 100*time.Millisecond, func(Progress) {})
		if err != nil {
			t.Fatal(err)
		}
		want := []Range{{"input", 15, 16, []uint16{1, 2}}, {"holding", 0, 2, []uint16{1, 2, 3}}, {"holding", 30, 30, []uint16{4}}, {"coil", 0, 2, []uint16{1, 0, 1}}}
		if fmt.Sprint(all) != fmt.Sprint(want) {
			t.Errorf("%v", all)
		}
		if n := len(bus.Requests()); n > 4*maxRequests {
			t.Errorf("%d requests", n)
		}
		l.lose()
	})
}

// meter answers as a DL/T 645-2007 meter: the frames are those of the standard's examples, with another address.
func meter(t *testing.T, s Setting, answers map[string]string) *fakeLine {
	l := (&fakeLine{board: s, every: 30 * time.Millisecond}).start()
	l.answer = func(request []byte) []byte {
		text, ok := answers[hex.EncodeToString(bytes.TrimLeft(request, "\xfe\x00"))]
		if !ok {
			return nil
		}
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Error(err)
		}
		return b
	}
	t.Cleanup(func() { close(l.stop) })
	return l
}

func TestMeter(t *testing.T) {
	answer := "fefefefe68" + "100054123412" + "6893" + "06" + "433387456745"
	whole := func(frame string) string {
		b, _ := hex.DecodeString(frame)
		return fmt.Sprintf("%s%02x16", frame, sum8(bytes.TrimLeft(b, "\xfe")))
	}
	for _, s := range MeterSettings() {
		synctest.Test(t, func(t *testing.T) {
			l := meter(t, s, map[string]string{
				whole("68aaaaaaaaaaaa681300"):                        whole(answer),
				whole("68" + "100054123412" + "681104" + "33333333"): whole("68" + "100054123412" + "6891" + "08" + "33333333" + "89674533"),
			})
			m, garbled, err := Meter(t.Context(), l, MeterSettings(), 600*time.Millisecond, func(Progress) {})
			if err != nil || m == nil || *m != (MeterFound{s, "123412540010", "1234.56"}) {
				t.Errorf("%v: %+v %v %v", s, m, garbled, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		// Two meters at once: nobody can read that.
		l := meter(t, Setting{2400, 8, "even"}, map[string]string{whole("68aaaaaaaaaaaa681300"): "6810fe12"})
		m, garbled, err := Meter(t.Context(), l, MeterSettings(), 600*time.Millisecond, func(Progress) {})
		if err != nil || m != nil || garbled != (Setting{2400, 8, "even"}) {
			t.Errorf("%+v %v %v", m, garbled, err)
		}
	})
}

func TestKilowattHours(t *testing.T) {
	for text, want := range map[string]string{"00000000": "0.00", "56341200": "1234.56", "01000080": "-0.01"} {
		b, _ := hex.DecodeString(text)
		if got := kilowattHours(b); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
