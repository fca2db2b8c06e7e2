package upstream

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"
)

// span is the numbers from .. to-1.
type span struct{ from, to uint64 }

// ranges is a set of record numbers, kept as spans in order that neither touch nor overlap.
type ranges []span

// add puts n into the set. Numbers mostly come in order.
func (r *ranges) add(n uint64) {
	s := *r
	if last := len(s) - 1; last >= 0 && s[last].to == n {
		s[last].to++
		return
	}
	i := s.after(n)
	switch {
	case i > 0 && n < s[i-1].to:
	case i > 0 && s[i-1].to == n:
		s[i-1].to++
		if i < len(s) && s[i].from == n+1 {
			s[i-1].to = s[i].to
			*r = slices.Delete(s, i, i+1)
		}
	case i < len(s) && s[i].from == n+1:
		s[i].from--
	default:
		*r = slices.Insert(s, i, span{n, n + 1})
	}
}

// after is the index of the first span that begins after n.
func (r ranges) after(n uint64) int {
	return sort.Search(len(r), func(i int) bool { return r[i].from > n })
}

// has reports whether n is in the set.
func (r ranges) has(n uint64) bool {
	i := r.after(n)
	return i > 0 && n < r[i-1].to
}

// remove takes n out.
func (r *ranges) remove(n uint64) {
	s := *r
	i := s.after(n) - 1
	if i < 0 || n >= s[i].to {
		return
	}
	switch one := s[i]; {
	case one.from == n && one.to == n+1:
		*r = slices.Delete(s, i, i+1)
	case one.from == n:
		s[i].from++
	case one.to == n+1:
		s[i].to--
	default:
		s[i].to = n
		*r = slices.Insert(s, i+1, span{n + 1, one.to})
	}
}

// removeBelow removes everything below n and returns how much that was.
func (r *ranges) removeBelow(n uint64) (removed uint64) {
	s := *r
	for len(s) > 0 && s[0].from < n {
		to := min(s[0].to, n)
		removed += to - s[0].from
		if to < s[0].to {
			s[0].from = to
			break
		}
		s = s[1:]
	}
	*r = s
	return removed
}

// count is how many numbers are in the set.
func (r ranges) count() (n uint64) {
	for _, s := range r {
		n += s.to - s.from
	}
	return n
}

// within returns a copy of at most n spans that holds at least the numbers of r: the narrowest gaps are filled.
func (r ranges) within(n int) ranges {
	s := slices.Clone(r)
	for len(s) > n {
		best := 1
		for i := 2; i < len(s); i++ {
			if s[i].from-s[i-1].to < s[best].from-s[best-1].to {
				best = i
			}
		}
		s[best-1].to = s[best].to
		s = slices.Delete(s, best, best+1)
	}
	return s
}

// append writes the set as differences, which are small.
func (r ranges) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(r)))
	var last uint64
	for _, s := range r {
		b = binary.AppendUvarint(b, s.from-last)
		b = binary.AppendUvarint(b, s.to-s.from)
		last = s.to
	}
	return b
}

var errRecord = errors.New("a record that this version does not understand")

// readRanges reads the output of append and returns the bytes after it.
func readRanges(b []byte) (ranges, []byte, error) {
	n, b, err := uvarint(b)
	if err != nil || n > maxSpans {
		return nil, nil, errRecord
	}
	var r ranges
	var last uint64
	for range n {
		var gap, length uint64
		if gap, b, err = uvarint(b); err != nil {
			return nil, nil, err
		}
		if length, b, err = uvarint(b); err != nil {
			return nil, nil, err
		}
		from := last + gap
		last = from + length
		if length == 0 || last < from {
			return nil, nil, errRecord
		}
		r = append(r, span{from, last})
	}
	return r, b, nil
}

func uvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errRecord
	}
	return v, b[n:], nil
}
