package detect

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"minirelay/devices/checksum"
)

// MeterFound is a DL/T 645-2007 meter that has answered with its address.
type MeterFound struct {
	Setting Setting
	Address string // twelve digits, as printed on the meter
	Energy  string // the total active energy in kWh; "" if the meter does not answer with it
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
	refuses     = 0x40
)

// anyDigits is the wildcard for two digits of an address (section 5.2.2: shortened addressing).
const anyDigits = 0xaa

// maxMeterQuestions bounds a search digit by digit: a hundred for each pair of digits, and three pairs that many share.
const maxMeterQuestions = 400

// Meters finds the meters on a line, at each setting until one answers within patience. Several meters answer at the same
// time, which cannot be understood: they are then asked one after the other by the last digits of their addresses.
// garbled is the setting at which answers could not be understood; its Baud is 0 if there were none. tell receives each
// step before it is taken. The error is [ErrLost], that of ctx or of [Line.Tune].
func Meters(ctx context.Context, l Line, settings []Setting, patience time.Duration, tell func(Progress)) (all []MeterFound, garbled Setting, err error) {
	for i, s := range settings {
		tell(Progress{s, "a DL/T 645 meter", i, len(settings)})
		if err := l.Tune(s); err != nil {
			return nil, garbled, err
		}
		if err := wait(ctx, settled); err != nil {
			return nil, garbled, err
		}
		m := &meterSearch{asker: asker{line: l, setting: s, patience: patience}, left: maxMeterQuestions, tell: tell}
		reply, err := m.askMeter(ctx, bytes.Repeat([]byte{anyDigits}, 6), readAddress, nil)
		switch {
		case err != nil:
			return nil, garbled, err
		case reply != nil && len(reply.data) == 6 && bcd(reply.data):
			err := m.found(ctx, reply.data)
			return m.all, garbled, err
		case m.garbled > 0:
			if garbled.Baud == 0 {
				garbled = s
			}
			if err := m.digits(ctx, nil); err != nil || len(m.all) > 0 {
				return m.all, garbled, err
			}
		}
	}
	return nil, garbled, nil
}

// meterSearch is a search at one setting.
type meterSearch struct {
	asker
	left int // requests that may still be sent
	tell func(Progress)
	all  []MeterFound
}

// digits asks the meters whose addresses end with known, by the two digits before those.
func (m *meterSearch) digits(ctx context.Context, known []byte) error {
	for two := range 100 {
		if m.left == 0 {
			return nil
		}
		m.left--
		m.tell(Progress{m.setting, fmt.Sprintf("meters whose address ends with %02d%s", two, digits(known)), maxMeterQuestions - m.left, maxMeterQuestions})
		end := append(bytes.Clone(known), byte(two/10<<4|two%10))
		before := m.garbled
		reply, err := m.askMeter(ctx, append(bytes.Clone(end), bytes.Repeat([]byte{anyDigits}, 6-len(end))...), readData, energyID)
		switch {
		case err != nil:
			return err
		case reply != nil && bcd(reply.address):
			if err := m.found(ctx, reply.address); err != nil {
				return err
			}
		case m.garbled > before && len(end) < 3:
			if err := m.digits(ctx, end); err != nil {
				return err
			}
		}
	}
	return nil
}

// energyID is the combined active energy, in hundredths of a kWh (annex A, table A.1).
var energyID = []byte{0, 0, 0, 0}

// found adds a meter, with the energy that it shows.
func (m *meterSearch) found(ctx context.Context, address []byte) error {
	f := MeterFound{Setting: m.setting, Address: digits(address)}
	reply, err := m.askMeter(ctx, address, readData, energyID)
	if reply != nil && len(reply.data) == 8 && bcd(reply.data[4:7]) {
		f.Energy = kilowattHours(reply.data[4:])
	}
	m.all = append(m.all, f)
	return err
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

// reply is what a meter has answered, without the offset.
type reply struct{ address, data []byte }

// askMeter sends a request to the meters with an address; nil if no answer comes that can be understood.
func (a *asker) askMeter(ctx context.Context, address []byte, code byte, data []byte) (*reply, error) {
	frame := []byte{frameStart}
	frame = append(append(frame, address...), frameStart, code, byte(len(data)))
	for _, b := range data {
		frame = append(frame, b+offset33)
	}
	frame = append(frame, sum8(frame), frameEnd)
	request := append([]byte{wakeUp, wakeUp, wakeUp, wakeUp}, frame...)
	frame, err := a.ask(ctx, request, func(got []byte) []byte {
		for i := range got {
			if answer := meterAnswer(got[i:], code|answered); answer != nil {
				return answer
			}
		}
		return nil
	})
	if frame == nil || err != nil {
		return nil, err
	}
	r := &reply{address: frame[1:7]}
	for _, b := range frame[10 : len(frame)-2] {
		r.data = append(r.data, b-offset33)
	}
	return r, nil
}

// meterAnswer returns the answer at the beginning of b; nil if there is none. A refusal, which has a code of its own, is an
// answer, too: the meter is there.
func meterAnswer(b []byte, code byte) []byte {
	if len(b) < 12 || b[0] != frameStart || b[7] != frameStart || b[8] != code && b[8] != code|refuses {
		return nil
	}
	end := 10 + int(b[9])
	if len(b) < end+2 || b[end+1] != frameEnd || sum8(b[:end]) != b[end] {
		return nil
	}
	return b[:end+2]
}

func sum8(b []byte) byte { return byte(checksum.Sum8(b)) }

// bcd reports whether all digits are decimal.
func bcd(b []byte) bool {
	for _, x := range b {
		if x>>4 > 9 || x&15 > 9 {
			return false
		}
	}
	return true
}

// digits are the digits of BCD with its last byte first.
func digits(b []byte) (s string) {
	for _, x := range b {
		s = fmt.Sprintf("%02x", x) + s
	}
	return s
}
