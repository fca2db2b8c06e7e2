package upstream

import (
	"io"
	"slices"
	"time"

	"minirelay/relay/segment"
)

// The disk side of a queue, on the keeper's goroutine.

// open reads the files of an earlier run. It may be called again after an error.
func (q *queue) open(now instant) (segment.Report, error) {
	log, report, err := segment.Open(q.dir, q.maxFile, nil)
	if err != nil {
		return report, err
	}
	found, err := survey(log)
	if err != nil {
		_ = log.Close() // the first error is more useful
		return report, err
	}
	q.mu.Lock()
	q.files = found.files
	before := q.pending
	q.pending = found.pending
	for _, s := range before { // of this run, from before the disk could be read
		for n := s.from; n < s.to; n++ {
			q.pending.add(n)
		}
	}
	q.epochs = found.epochs
	if next := firstNumber(found.last, now.Wall); next > q.next {
		q.next, q.offered, q.writing = next, next, next
	}
	q.log = log
	q.mu.Unlock()
	log.Begin(q.begin)
	q.noteClock(now)
	return report, nil
}

// start makes a queue usable whose log cannot be opened.
func (q *queue) start(now instant) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.epochs) == 0 {
		q.epochs = []epoch{epochOf(now)}
		q.next = firstNumber(0, now.Wall)
		q.offered, q.writing = q.next, q.next
	}
}

// begin returns the first record of a file.
func (q *queue) begin(file uint64) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := max(q.writing, q.offered)
	q.files = append(q.files, indexed{file, first})
	c := q.cursorLocked()
	c.next = first
	for n := q.offered; n < q.writing; n++ {
		c.pending.add(n)
	}
	return c.append(nil)
}

func (q *queue) cursorLocked() cursor {
	c := cursor{next: q.next, epochs: q.epochs, pending: slices.Clone(q.pending)}
	for _, out := range []ranges{q.out, q.again, q.aside} {
		for _, s := range out {
			for n := s.from; n < s.to; n++ {
				c.pending.add(n)
			}
		}
	}
	return c
}

// saveCursor records the acknowledgements and deletes the files that are not needed any more.
func (q *queue) saveCursor() error {
	if q.log == nil {
		return nil
	}
	q.mu.Lock()
	c := q.cursorLocked()
	q.acked = 0
	needed := q.offered
	if len(c.pending) > 0 {
		needed = c.pending[0].from
	}
	q.mu.Unlock()
	if _, err := q.log.Append(c.append(nil)); err != nil {
		return err
	}
	_, err := q.drop(needed)
	return err
}

// drop deletes the files that hold nothing from number on.
func (q *queue) drop(number uint64) (lost uint64, err error) {
	q.mu.Lock()
	n := 0
	for n+1 < len(q.files) && q.files[n+1].first <= number {
		n++
	}
	if n == 0 {
		q.mu.Unlock()
		return 0, nil
	}
	last := q.files[n-1].file
	q.files = slices.Delete(q.files, 0, n)
	lost = q.pending.removeBelow(q.files[0].first) + q.aside.removeBelow(q.files[0].first)
	q.mu.Unlock()
	return lost, q.log.DropThrough(last)
}

// dropOldest deletes the oldest file. ok is false if there is none but the one that is written to.
func (q *queue) dropOldest() (lost uint64, ok bool, err error) {
	q.mu.Lock()
	if q.log == nil || len(q.files) < 2 {
		q.mu.Unlock()
		return 0, false, nil
	}
	second := q.files[1].first
	q.mu.Unlock()
	lost, err = q.drop(second)
	return lost, true, err
}

// size is how many bytes the queue has on the disk.
func (q *queue) size() (bytes int64) {
	if q.log == nil {
		return 0
	}
	for _, f := range q.log.Files() {
		bytes += f.Size
	}
	return bytes
}

// dropAged deletes files that were last written to before t.
func (q *queue) dropAged(t time.Time) (lost uint64, err error) {
	for q.log != nil {
		files := q.log.Files()
		if len(files) < 2 || !plausible(files[0].Newest) || !files[0].Newest.Before(t) {
			break
		}
		n, ok, err := q.dropOldest()
		lost += n
		if !ok || err != nil {
			return lost, err
		}
	}
	return lost, nil
}

// noteClock records when the clock has been corrected.
func (q *queue) noteClock(now instant) {
	e := epochOf(now)
	q.mu.Lock()
	same := len(q.epochs) > 0 && q.epochs[len(q.epochs)-1].sameAs(e)
	if !same {
		q.epochs = note(q.epochs, e)
	}
	q.mu.Unlock()
	if same || q.log == nil {
		return
	}
	// If the disk does not accept it, the next cursor contains it too.
	_, _ = q.log.Append(e.append(nil))
}

func (q *queue) close() error {
	if q.log == nil {
		return nil
	}
	return q.log.Close()
}

// surveyed is the content of a log.
type surveyed struct {
	files   []indexed
	pending ranges
	epochs  []epoch
	last    uint64 // the largest number in use
}

// survey finds the messages of a log that are still to be sent. Only the newest files are read, back to one with a
// cursor.
func survey(log *segment.Log) (surveyed, error) {
	var s surveyed
	var behind ranges // messages after the newest cursor
	var epochs []epoch
	files := log.Files()
	known := false
	for n := len(files) - 1; n >= 0; n-- {
		t, err := tally(log, files[n].Number, known)
		if err != nil {
			return s, err
		}
		if t.empty && len(s.files) > 0 {
			t.first = s.files[0].first // nothing of it can be read
		}
		if !t.empty || len(s.files) > 0 {
			s.files = slices.Insert(s.files, 0, indexed{files[n].Number, t.first})
		}
		if known {
			continue
		}
		s.last = max(s.last, t.last)
		behind = append(t.messages, behind...)
		epochs = append(t.epochs, epochs...)
		if t.cursor != nil {
			known = true
			s.last = max(s.last, t.cursor.next-1)
			s.pending = t.cursor.pending
			epochs = append(slices.Clone(t.cursor.epochs), epochs...)
		}
	}
	for _, r := range behind {
		for n := r.from; n < r.to; n++ {
			s.pending.add(n)
		}
	}
	for _, e := range epochs {
		s.epochs = note(s.epochs, e)
	}
	if len(s.files) > 0 {
		s.pending.removeBelow(s.files[0].first)
	}
	return s, nil
}

// tallied is the content of one file.
type tallied struct {
	empty    bool
	first    uint64  // the number that the file begins with
	last     uint64  // the largest number in it
	cursor   *cursor // the last one
	messages ranges  // after it
	epochs   []epoch
}

// tally reads a file; only its first record if no more is needed.
func tally(log *segment.Log, file uint64, onlyFirst bool) (tallied, error) {
	t := tallied{empty: true}
	r, err := log.Read(file)
	if err != nil {
		return t, err
	}
	defer r.Close()
	for {
		record, err := r.Next()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return t, err
		}
		t.take(record)
		if onlyFirst && !t.empty {
			return t, nil
		}
	}
}

func (t *tallied) take(record []byte) {
	begins := func(n uint64) {
		if t.empty {
			t.empty, t.first = false, n
		}
	}
	switch record[0] {
	case kindMessage:
		if m, err := readMessage(record[1:]); err == nil {
			begins(m.number)
			t.last = max(t.last, m.number)
			t.messages.add(m.number)
		}
	case kindCursor:
		if c, err := readCursor(record[1:]); err == nil {
			begins(c.next)
			t.cursor, t.messages, t.epochs = &c, nil, nil
		}
	case kindClock:
		if e, _, err := readEpoch(record[1:]); err == nil {
			t.epochs = append(t.epochs, e)
		}
	}
}
