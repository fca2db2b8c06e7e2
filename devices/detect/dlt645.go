package detect

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// MeterFound is a DL/T 645-2007 meter that has told its address.
type MeterFound struct {
	Setting Setting
	Address string // twelve digits, as they stand on the meter
	Energy  string // the total active energy in kWh; "" if the meter does not tell it
}

// MeterSettings are the settings with which meters are delivered, the most likely first.
func MeterSettings() []Setting {
	return []Setting{{2400, 8, "even"}, {9600, 8, "even"}, {4800, 8, "even"}, {1200, 8, "even"}, {2400, 8, "none"}, {9600, 8, "none"}}
}

// What a DL/T 645-2007 frame is made of (sections 5.2 and 7).
const (
	wakeUp      = 0xfe
	frameStart  = 0x68
	frameEnd    = 0x16
	offset33    = 0x33 // is added to each byte of data
	readAddress = 0x13
	readData    = 0x11
	answered    = 0x80
)

// Meter asks for the address of the meter on a line, at each setting. Several meters on one line answer all at once,
// which makes no sense: garbled then tells the setting. nil: no meter has answered.
func Meter(ctx context.Context, l Line, settings []Setting, patience time.Duration, tell func(Progress)) (m *MeterFound, garbled Setting, err error) {
	anybody := bytes.Repeat([]byte{0xaa}, 6)
	for i, s := range settings {
		tell(Progress{s, "a DL/T 645 meter", i, len(settings)})
		if err := l.Tune(s); err != nil {
			return nil, garbled, err
		}
		if err := wait(ctx, settled); err != nil {
			return nil, garbled, err
		}
		a := &asker{line: l, setting: s, patience: patience}
		data, err := a.askMeter(ctx, anybody, readAddress, nil)
		if err != nil {
			return nil, garbled, err
		}
		if a.garbled > 0 && garbled.Baud == 0 {
			garbled = s
		}
		if len(data) != 6 || !bcd(data) {
			continue
		}
		m := &MeterFound{Setting: s, Address: digits(data)}
		// 00 00 00 00 is the combined active energy, in hundredths of a kWh (annex A, table A.1).
		energy, err := a.askMeter(ctx, data, readData, []byte{0, 0, 0, 0})
		if err != nil {
			return nil, garbled, err
		}
		if len(energy) == 8 && bcd(energy[4:7]) {
			m.Energy = kilowattHours(energy[4:])
		}
		return m, garbled, nil
	}
	return nil, garbled, nil
}

// kilowattHours reads four bytes of BCD, the last digits first. The highest bit is the sign.
func kilowattHours(b []byte) string {
	sign := ""
	last := b[3]
	if last&0x80 != 0 {
		sign, last = "-", last&0x7f
	}
	text := digits([]byte{b[0], b[1], b[2], last})
	for len(text) > 3 && text[0] == '0' {
		text = text[1:]
	}
	return sign + text[:len(text)-2] + "." + text[len(text)-2:]
}

// askMeter asks and gives the data of the answer, without the offset.
func (a *asker) askMeter(ctx context.Context, address []byte, code byte, data []byte) ([]byte, error) {
	frame := []byte{frameStart}
	frame = append(append(frame, address...), frameStart, code, byte(len(data)))
	for _, b := range data {
		frame = append(frame, b+offset33)
	}
	frame = append(frame, sum8(frame), frameEnd)
	request := append([]byte{wakeUp, wakeUp, wakeUp, wakeUp}, frame...)
	return a.ask(ctx, request, func(got []byte) []byte {
		for i := range got {
			if data := meterAnswer(got[i:], code|answered); data != nil {
				return data
			}
		}
		return nil
	})
}

// meterAnswer gives the data of the answer that b begins with; nil if it begins with none.
func meterAnswer(b []byte, code byte) []byte {
	if len(b) < 12 || b[0] != frameStart || b[7] != frameStart || b[8] != code {
		return nil
	}
	end := 10 + int(b[9])
	if len(b) < end+2 || b[end+1] != frameEnd || sum8(b[:end]) != b[end] {
		return nil
	}
	data := make([]byte, 0, b[9])
	for _, x := range b[10:end] {
		data = append(data, x-offset33)
	}
	return data
}

func sum8(b []byte) (s byte) {
	for _, x := range b {
		s += x
	}
	return s
}

// bcd says whether all digits are decimal.
func bcd(b []byte) bool {
	for _, x := range b {
		if x>>4 > 9 || x&15 > 9 {
			return false
		}
	}
	return true
}

// digits are those of BCD whose last byte comes first.
func digits(b []byte) (s string) {
	for _, x := range b {
		s = fmt.Sprintf("%02x", x) + s
	}
	return s
}
