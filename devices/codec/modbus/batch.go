package modbus

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"minirelay/devices/mapping"
)

// batch is the fields that one request reads.
type batch struct {
	table    table
	from, to int // registers, or bits of a table of bits; to is excluded
	every    time.Duration
	fields   []int // by address
}

// String is the range that is read, for logs: "holding:0-9".
func (b batch) String() string {
	if b.to-b.from == 1 {
		return fmt.Sprintf("%v:%d", b.table, b.from)
	}
	return fmt.Sprintf("%v:%d-%d", b.table, b.from, b.to-1)
}

// bytes is the length of the data in the answer, in bytes.
func (b batch) bytes() int {
	if b.table.bits() {
		return (b.to - b.from + 7) / 8
	}
	return 2 * (b.to - b.from)
}

// batches plans as few requests as gaps and limits allow.
func (p *poller) batches() []batch {
	order := make([]int, len(p.fields))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		f, g := &p.fields[a], &p.fields[b]
		return cmp.Or(cmp.Compare(f.every, g.every), cmp.Compare(f.table, g.table), cmp.Compare(f.at, g.at))
	})
	var all []batch
	for k, i := range order {
		f := &p.fields[i]
		gap, limit := p.config.MaxGap, min(p.config.MaxRegisters, mapping.MaxReadRegisters)
		if f.table.bits() {
			gap, limit = gap*mapping.BitsPerRegister, min(limit*mapping.BitsPerRegister, mapping.MaxReadBits)
		}
		if n := len(all) - 1; n >= 0 && !p.config.NoBatch {
			b := &all[n]
			end := max(b.to, f.at+f.n)
			near := f.at-b.to <= gap || p.together(*b, order[k:], limit)
			if b.every == f.every && b.table == f.table && near && end-b.from <= limit {
				b.to = end
				b.fields = append(b.fields, i)
				continue
			}
		}
		all = append(all, batch{f.table, f.at, f.at + f.n, f.every, []int{i}})
	}
	return all
}

// together reports whether one of the fields that follow, in order, is used together with one of b to compute another field,
// and both can be read with one request: only then they are one picture of the hardware, whatever lies between them.
func (p *poller) together(b batch, follow []int, limit int) bool {
	for _, i := range follow {
		f := &p.fields[i]
		if f.every != b.every || f.table != b.table || f.at+f.n-b.from > limit {
			break
		}
		group := p.config.Fields[i].Together
		if group != 0 && slices.ContainsFunc(b.fields, func(k int) bool { return p.config.Fields[k].Together == group }) {
			return true
		}
	}
	return false
}

// split divides a batch in two, at its widest gap or otherwise in the middle. Fields in the same registers stay
// together; nil: the batch cannot be divided.
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
