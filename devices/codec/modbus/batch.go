package modbus

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"minirelay/devices/mapping"
)

// batch is fields that are read by one request.
type batch struct {
	table    table
	from, to int // registers, or bits of the tables of bits; to is not among them
	every    time.Duration
	fields   []int // by address
}

// String names what is read, for logs: "holding:0-9".
func (b batch) String() string {
	if b.to-b.from == 1 {
		return fmt.Sprintf("%v:%d", b.table, b.from)
	}
	return fmt.Sprintf("%v:%d-%d", b.table, b.from, b.to-1)
}

// bytes is how long the data of the answer is.
func (b batch) bytes() int {
	if b.table.bits() {
		return (b.to - b.from + 7) / 8
	}
	return 2 * (b.to - b.from)
}

// batches plans as few requests as gaps and limits allow.
func (m *poller) batches() []batch {
	order := make([]int, len(m.fields))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		f, g := &m.fields[a], &m.fields[b]
		return cmp.Or(cmp.Compare(f.every, g.every), cmp.Compare(f.table, g.table), cmp.Compare(f.at, g.at))
	})
	var all []batch
	for _, i := range order {
		f := &m.fields[i]
		gap, limit := m.config.MaxGap, min(m.config.MaxRegisters, mapping.MaxReadRegisters)
		if f.table.bits() {
			gap, limit = gap*mapping.BitsPerRegister, min(limit*mapping.BitsPerRegister, mapping.MaxReadBits)
		}
		if n := len(all) - 1; n >= 0 && !m.config.NoBatch {
			b := &all[n]
			end := max(b.to, f.at+f.n)
			if b.every == f.every && b.table == f.table && f.at-b.to <= gap && end-b.from <= limit {
				b.to = end
				b.fields = append(b.fields, i)
				continue
			}
		}
		all = append(all, batch{f.table, f.at, f.at + f.n, f.every, []int{i}})
	}
	return all
}

// part divides a batch in two, at its widest gap or else in its middle. Fields that lie in the same registers stay
// together; nil: all do.
func (b batch) split(fields []field) []batch {
	cut, widest, to := 0, 0, b.from
	for k, i := range b.fields {
		f := &fields[i]
		gap := f.at - to
		off := func(k int) int { return max(2*k-len(b.fields), len(b.fields)-2*k) } // from the middle
		if k > 0 && gap >= 0 && (cut == 0 || gap > widest || gap == widest && off(k) < off(cut)) {
			cut, widest = k, gap
		}
		to = max(to, f.at+f.n)
	}
	if cut == 0 {
		return nil
	}
	var parts []batch
	for _, some := range [][]int{b.fields[:cut], b.fields[cut:]} {
		part := batch{table: b.table, from: fields[some[0]].at, every: b.every, fields: some}
		for _, i := range some {
			part.to = max(part.to, fields[i].at+fields[i].n)
		}
		parts = append(parts, part)
	}
	return parts
}
