package upstream

import (
	"math/rand/v2"
	"testing"
)

// After any operations, a set of ranges holds the same numbers as a plain set, in spans that do not touch.
func TestRangesAreASet(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var set ranges
		plain := map[uint64]bool{}
		for range 300 {
			n := r.Uint64N(60)
			switch r.IntN(5) {
			case 0, 1, 2:
				set.add(n)
				plain[n] = true
			case 3:
				set.remove(n)
				delete(plain, n)
			case 4:
				if r.IntN(10) > 0 {
					continue
				}
				removed := uint64(0)
				for k := range plain {
					if k < n {
						delete(plain, k)
						removed++
					}
				}
				if got := set.removeBelow(n); got != removed {
					t.Fatalf("removeBelow(%d) removes %d, not %d", n, got, removed)
				}
			}
			checkSet(t, set, plain)
		}
		again, rest, err := readRanges(set.append(nil))
		if err != nil || len(rest) != 0 {
			t.Fatal(err)
		}
		checkSet(t, again, plain)
		fewer := set.within(3)
		for n := range plain {
			if !fewer.has(n) || len(fewer) > 3 {
				t.Fatalf("%v within 3 is %v", set, fewer)
			}
		}
	}
}

func checkSet(t *testing.T, set ranges, plain map[uint64]bool) {
	t.Helper()
	for i, s := range set {
		if s.from >= s.to || i > 0 && set[i-1].to >= s.from {
			t.Fatalf("no good spans: %v", set)
		}
	}
	if set.count() != uint64(len(plain)) {
		t.Fatalf("%v counts %d, not %d", set, set.count(), len(plain))
	}
	for n := range uint64(61) {
		if set.has(n) != plain[n] {
			t.Fatalf("%v has %d: %v", set, n, set.has(n))
		}
	}
}

// No input makes reading a record panic, or return an invalid set.
func FuzzRecords(f *testing.F) {
	q := cursor{next: 7, pending: ranges{{1, 4}, {9, 12}}, epochs: []epoch{{"boot", 5, true}}}
	f.Add(q.append(nil)[1:])
	m := stored{3, "a/state", []byte("{}")}
	f.Add(m.append(nil)[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := readCursor(b); err == nil {
			for i, s := range c.pending {
				if s.from >= s.to || i > 0 && c.pending[i-1].to > s.from {
					t.Fatalf("no good spans: %v", c.pending)
				}
			}
		}
		_, _ = readMessage(b)
		_, _, _ = readEpoch(b)
	})
}
