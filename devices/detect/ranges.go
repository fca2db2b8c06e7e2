package detect

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// Range is a run of addresses of one table of a unit that can be read.
type Range struct {
	Table    string   // coil, discrete, input or holding
	From, To int      // addresses, counted from 0
	Values   []uint16 // one for each address, as it was read; a bit is 0 or 1
}

const (
	atOnce      = 16  // values asked for in one request
	maxRequests = 120 // to one table
	illegalFunc = 1   // exception: the unit has no such table (MODBUS Application Protocol V1.1b3, section 7)
)

// Ranges finds the addresses of a unit that can be read, from 0 to upTo in each table. A request for an address that does
// not exist does no harm: the unit refuses it. Each table costs at most 120 requests. tell receives each step before it is
// taken. With an error, which is [ErrLost], that of ctx or of [Line.Tune], the ranges found until then are returned.
func Ranges(ctx context.Context, l Line, u Unit, upTo int, patience time.Duration, tell func(Progress)) ([]Range, error) {
	if err := l.Tune(u.Setting); err != nil {
		return nil, err
	}
	if err := wait(ctx, settled); err != nil {
		return nil, err
	}
	var all []Range
	tables := []struct {
		name     string
		function int
	}{{"input", readInput}, {"holding", readHolding}, {"coil", readCoils}, {"discrete", readDiscrete}}
	for i, table := range tables {
		t := &tableReader{asker: asker{line: l, setting: u.Setting, patience: patience}, question: question{u.Address, table.function}, left: maxRequests}
		for from := 0; from <= upTo && !t.none; from += atOnce {
			tell(Progress{u.Setting, fmt.Sprintf("unit %d, %s from %d", u.Address, table.name, from), i*(upTo+1) + from, len(tables) * (upTo + 1)})
			if err := t.try(ctx, from, min(atOnce, upTo+1-from)); err != nil {
				return all, err
			}
		}
		for _, r := range t.found {
			r.Table = table.name
			all = append(all, r)
		}
	}
	return all, nil
}

// tableReader reads one table.
type tableReader struct {
	asker
	question
	left  int  // requests that may still be sent
	none  bool // the unit has no such table, or does not answer
	mute  int  // requests in a row without an answer
	found []Range
}

// try reads n values from an address on, in halves if the unit refuses.
func (t *tableReader) try(ctx context.Context, from, n int) error {
	if t.left == 0 || t.none {
		return nil
	}
	t.left--
	pdu, err := t.read(ctx, t.question, from, n)
	switch {
	case err != nil:
		return err
	case pdu == nil:
		t.mute++
		t.none = t.mute > 2
		return nil
	}
	t.mute = 0
	if pdu[0]&exception == 0 {
		if values := t.values(pdu, n); values != nil {
			t.add(from, values)
		}
		return nil
	}
	if pdu[1] == illegalFunc {
		t.none = true
		return nil
	}
	if n == 1 {
		return nil
	}
	half := n / 2
	if err := t.try(ctx, from, half); err != nil {
		return err
	}
	return t.try(ctx, from+half, n-half)
}

// values are those of an answer; nil if it holds too few.
func (t *tableReader) values(pdu []byte, n int) (values []uint16) {
	data := pdu[2:]
	for i := range n {
		switch t.function {
		case readCoils, readDiscrete:
			if i/8 >= len(data) {
				return nil
			}
			values = append(values, uint16(data[i/8]>>(i%8)&1))
		default:
			if 2*i+2 > len(data) {
				return nil
			}
			values = append(values, binary.BigEndian.Uint16(data[2*i:]))
		}
	}
	return values
}

// add joins ranges that are next to each other.
func (t *tableReader) add(from int, values []uint16) {
	to := from + len(values) - 1
	if n := len(t.found); n > 0 && t.found[n-1].To+1 == from {
		t.found[n-1].To = to
		t.found[n-1].Values = append(t.found[n-1].Values, values...)
		return
	}
	t.found = append(t.found, Range{From: from, To: to, Values: values})
}
