// Package fair shares one bounded queue between persons: they are served in turn, and a full queue takes its room back
// from the one who has most of it. Most callers need [Turns.Next] and [Most].
//
// The queue itself is the caller's: a slice in the order of arrival. With up to some hundred entries that is cheaper
// than a queue for each person.
//
// Deliberately absent: weights, a clock, and a lock.
package fair

// Turns remembers who was served when. The zero Turns has served nobody.
type Turns struct {
	served map[string]uint64 // by person who has something waiting, or was served last: when
	count  uint64
}

// Next returns the index of the entry to serve next, of n entries in the order of arrival; -1 if n is 0. person returns
// whose an entry is. It is the oldest entry of the person who was served longest ago: so the entries of one person keep
// their order, and nobody waits for more than one entry of each other person.
func (t *Turns) Next(n int, person func(i int) string) int {
	best, waiting := -1, make(map[string]bool, 4)
	for i := range n {
		p := person(i)
		if waiting[p] {
			continue
		}
		waiting[p] = true
		if best < 0 || t.served[p] < t.served[person(best)] {
			best = i
		}
	}
	for p := range t.served {
		if !waiting[p] {
			delete(t.served, p)
		}
	}
	if best >= 0 {
		if t.served == nil {
			t.served = map[string]uint64{}
		}
		t.count++
		t.served[person(best)] = t.count
	}
	return best
}

// Most returns the index of the newest entry of the person who has most of n entries, if newcomer would still have fewer
// with one more; -1 if not. That entry makes room for one of newcomer's.
func Most(n int, person func(i int) string, newcomer string) int {
	has := make(map[string]int, 4)
	most := ""
	for i := range n {
		p := person(i)
		if has[p]++; has[p] > has[most] {
			most = p
		}
	}
	if has[newcomer]+1 >= has[most] {
		return -1
	}
	for i := n - 1; i >= 0; i-- {
		if person(i) == most {
			return i
		}
	}
	return -1
}
