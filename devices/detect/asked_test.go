package detect

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
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

// Units are found at every setting, by every answer, also with an adapter that repeats each request.
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
			if found.Echo != (s.Baud == 9600) {
				t.Errorf("%v: an echo: %v", s, found.Echo)
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

// Without a unit, the search ends after the time that Steps announces.
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

// The registers that can be read are found exactly, with their values.
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

// A unit receives the requests of a mapping as long as it answers, and none that could change anything.
func TestInterview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Setting{9600, 8, "none"}
		l, bus := busLine(t, s, true, softboard.NewModbusUnit(9).Set(softboard.InputRegisters, 0, 2301, 7).Set(softboard.Coils, 0, 1))
		if err := l.Tune(s); err != nil {
			t.Fatal(err)
		}
		read := func(function, from, n byte) []byte { return withCRC([]byte{9, function, 0, from, 0, n}) }
		for name, test := range map[string]struct {
			requests [][]byte
			records  int
			whole    bool
		}{
			"all":     {[][]byte{read(4, 0, 2), read(1, 0, 1)}, 4, true},
			"refused": {[][]byte{read(4, 0, 2), read(4, 5, 1), read(1, 0, 1)}, 2, false},
			"writes":  {[][]byte{read(5, 0, 0), read(4, 0, 2)}, 0, false},
			"another": {[][]byte{withCRC([]byte{8, 4, 0, 0, 0, 1})}, 0, false},
			"nothing": {nil, 0, false},
		} {
			recording, whole, err := Interview(t.Context(), l, Unit{9, s}, test.requests, 100*time.Millisecond)
			if err != nil || len(recording) != test.records || whole != test.whole {
				t.Errorf("%s: %v %v %v", name, recording, whole, err)
			}
			for i, r := range recording {
				if r.Out != (i%2 == 0) || !r.Out && r.Data[0] != 9 {
					t.Errorf("%s: %v", name, r)
				}
			}
		}
		for _, q := range bus.Requests() {
			if q.PDU[0] > 4 {
				t.Errorf("it wrote: %v", q)
			}
		}
		l.lose()
	})
}

// meterLine is a line with DL/T 645-2007 meters on it. Those that answer at once cannot be understood.
func meterLine(t *testing.T, s Setting, addresses ...string) *fakeLine {
	l := (&fakeLine{board: s, every: 30 * time.Millisecond}).start()
	l.answer = func(request []byte) []byte {
		request = bytes.TrimLeft(request, "\xfe\x00")
		if len(request) < 12 || request[len(request)-1] != frameEnd || sum8(request[:len(request)-2]) != request[len(request)-2] {
			return nil
		}
		var all []byte
		answers := 0
		for _, text := range addresses {
			address, err := hex.DecodeString(text)
			if err != nil {
				t.Error(err)
			}
			slices.Reverse(address)
			if !meant(request[1:7], address) {
				continue
			}
			answers++
			frame := append(append([]byte{frameStart}, address...), frameStart, request[8]|answered)
			switch request[8] {
			case readAddress:
				frame = append(frame, 6)
				for _, b := range address {
					frame = append(frame, b+offset33)
				}
			case readData:
				frame = append(frame, 8, 0x33, 0x33, 0x33, 0x33, 0x89, 0x67, 0x45, 0x33)
			}
			frame = append(frame, sum8(frame), frameEnd)
			all = append(append(all, 0xfe, 0xfe), frame[:len(frame)/answers]...)
		}
		if answers > 1 {
			for i := range all {
				all[i] ^= byte(i) // nobody can tell them apart
			}
		}
		return all
	}
	t.Cleanup(func() { close(l.stop) })
	return l
}

// meant reports whether a request is for a meter: AA is a wildcard for two digits.
func meant(request, address []byte) bool {
	for i := range address {
		if request[i] != address[i] && request[i] != anyDigits {
			return false
		}
	}
	return true
}

// A meter is found at every setting; several are found by the ends of their addresses.
func TestMeters(t *testing.T) {
	find := func(l *fakeLine) (all []MeterFound, garbled Setting, steps int) {
		all, garbled, err := Meters(context.Background(), l, MeterSettings(), 600*time.Millisecond, func(p Progress) {
			if p.Done > p.Total {
				t.Errorf("%+v", p)
			}
			steps++
		})
		if err != nil {
			t.Error(err)
		}
		return all, garbled, steps
	}
	for _, s := range MeterSettings() {
		synctest.Test(t, func(t *testing.T) {
			all, garbled, _ := find(meterLine(t, s, "123412540010"))
			if fmt.Sprint(all) != fmt.Sprint([]MeterFound{{s, "123412540010", "1234.56"}}) || s == MeterSettings()[0] && garbled.Baud != 0 {
				t.Errorf("%v: %+v %v", s, all, garbled)
			}
		})
	}
	s := MeterSettings()[0]
	synctest.Test(t, func(t *testing.T) {
		all, garbled, _ := find(meterLine(t, s, "000010604867", "000010604967", "000010604803", "000010600003"))
		var addresses []string
		for _, m := range all {
			addresses = append(addresses, m.Address)
		}
		if got := fmt.Sprint(addresses); got != "[000010600003 000010604803 000010604867 000010604967]" || garbled != s {
			t.Errorf("%s %v", got, garbled)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if all, garbled, steps := find(meterLine(t, s)); all != nil || garbled.Baud != 0 || steps != len(MeterSettings()) {
			t.Errorf("%v %v %d", all, garbled, steps)
		}
		// Something that answers nonsense to everything is no meter, and does not hold the search up for ever.
		l := meterLine(t, s)
		l.answer = func([]byte) []byte { return []byte("\x68 nonsense \x16") }
		if all, garbled, steps := find(l); all != nil || garbled != s || steps > (maxMeterQuestions+1)*len(MeterSettings()) {
			t.Errorf("%v %v %d", all, garbled, steps)
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
