package detect

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"minirelay/devices/checksum"
)

// The functions that read (MODBUS Application Protocol V1.1b3, section 6).
const (
	readCoils    = 1
	readDiscrete = 2
	readHolding  = 3
	readInput    = 4
)

const (
	fewUnits  = 16 // the addresses with which most units are delivered, tried at every setting
	exception = 0x80
)

// Unit is a Modbus unit that has answered, and the setting at which it did.
type Unit struct {
	Address int
	Setting Setting
}

// ModbusSettings are the settings with which Modbus units are delivered, the most likely first.
func ModbusSettings() []Setting {
	return []Setting{{9600, 8, "none"}, {9600, 8, "even"}, {4800, 8, "none"}, {19200, 8, "even"}, {19200, 8, "none"},
		{115200, 8, "none"}, {38400, 8, "none"}, {2400, 8, "none"}}
}

// ModbusSearch says where to look for units.
type ModbusSearch struct {
	Settings []Setting
	Patience time.Duration // how long a unit may take to begin its answer
	UpTo     int           // the highest address, 1 to 247
	All      bool          // every address at every setting, and not only at the one where a unit answers
}

// Found is the result of a search. Garbled is the setting at which answers came that could not be understood; its Baud
// is 0 if there were none.
type Found struct {
	Units   []Unit
	Garbled Setting
	Echo    bool // the adapter receives what it sends
}

// Steps is the largest number of requests that the search sends.
func (q ModbusSearch) Steps() int {
	if q.All {
		return q.UpTo * len(q.Settings)
	}
	return len(q.quickly())*len(q.Settings) + max(0, q.UpTo-fewUnits)
}

// question is one request to one unit, which only reads.
type question struct{ unit, function int }

// quickly lists the requests for every setting: the first addresses, some of which have no holding registers.
func (q ModbusSearch) quickly() (all []question) {
	for unit := 1; unit <= min(fewUnits, q.UpTo); unit++ {
		all = append(all, question{unit, readHolding})
	}
	for unit := 1; unit <= min(4, q.UpTo); unit++ {
		all = append(all, question{unit, readInput}, question{unit, readCoils})
	}
	return all
}

// ModbusUnits finds the units on a line. A unit that refuses a request has answered, too. At the first setting with an
// answer all addresses are tried, and no other setting. tell receives each step before it is taken. With an error, which
// is [ErrLost], that of ctx or of [Line.Tune], Found holds the units found until then.
func ModbusUnits(ctx context.Context, l Line, q ModbusSearch, tell func(Progress)) (Found, error) {
	var found Found
	done, total := 0, q.Steps()
	run := func(s Setting, all []question) error {
		a := &asker{line: l, setting: s, patience: q.Patience}
		if err := l.Tune(s); err != nil {
			return err
		}
		if err := wait(ctx, settled); err != nil {
			return err
		}
		for _, x := range all {
			tell(Progress{s, fmt.Sprintf("Modbus unit %d", x.unit), done, total})
			done++
			if found.has(x.unit) {
				continue
			}
			answer, err := a.read(ctx, x, 0, 1)
			if err != nil {
				return err
			}
			if answer != nil {
				found.Units = append(found.Units, Unit{x.unit, s})
			}
		}
		found.Echo = found.Echo || a.echo
		if a.garbled > 0 && found.Garbled.Baud == 0 {
			found.Garbled = s
		}
		return nil
	}
	for _, s := range q.Settings {
		some := q.quickly()
		if q.All {
			some = q.from(1)
		}
		if err := run(s, some); err != nil {
			return found, err
		}
		if len(found.Units) > 0 {
			if q.All {
				return found, nil
			}
			return found, run(s, q.from(fewUnits+1))
		}
	}
	if q.All {
		return found, nil
	}
	return found, run(q.Settings[0], q.from(fewUnits+1))
}

// from lists the addresses from first on.
func (q ModbusSearch) from(first int) (all []question) {
	for unit := first; unit <= q.UpTo; unit++ {
		all = append(all, question{unit, readHolding})
	}
	return all
}

func (f *Found) has(unit int) bool {
	for _, u := range f.Units {
		if u.Address == unit {
			return true
		}
	}
	return false
}

// read asks a unit for n values from an address on and returns the PDU of the answer, which may be an exception; nil if
// none came.
func (a *asker) read(ctx context.Context, x question, from, n int) (pdu []byte, err error) {
	request := withCRC([]byte{byte(x.unit), byte(x.function), byte(from >> 8), byte(from), byte(n >> 8), byte(n)})
	return a.ask(ctx, request, func(got []byte) []byte {
		for i := range got {
			if pdu := answerOf(got[i:], x); pdu != nil {
				return pdu
			}
		}
		return nil
	})
}

// answerOf returns the PDU of the answer at the beginning of b; nil if there is none.
func answerOf(b []byte, x question) []byte {
	if len(b) < 5 || int(b[0]) != x.unit || int(b[1]&^exception) != x.function {
		return nil
	}
	length := 5 // unit, function, code, two bytes of checksum
	if b[1]&exception == 0 {
		length = 5 + int(b[2])
	}
	if len(b) < length || uint16(checksum.CRC16Modbus(b[:length-2])) != binary.LittleEndian.Uint16(b[length-2:]) {
		return nil
	}
	return b[1 : length-2]
}
