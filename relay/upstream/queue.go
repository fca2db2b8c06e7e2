package upstream

import (
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"minirelay/relay/segment"
)

const (
	maxLive     = 256  // messages that wait for the connection in memory; older ones are fetched from the disk later
	maxHomeless = 4096 // messages that the disk did not accept; the oldest are dropped first
)

// queue is a stream of messages that are on the disk until the upstream has acknowledged them. Messages that arrive
// while there is a connection are live and sent at once. All others are pending and read from the disk again when their
// turn comes, in order.
//
// A message is in exactly one of: live, flight (handed to the connection), pending, homeless (the disk did not accept
// it), aside (the upstream does not accept it), or gone.
type queue struct {
	dir     string
	maxFile int64

	log     *segment.Log // nil while it cannot be opened; the keeper's goroutine sets it, under mu
	scratch []byte       // only the keeper's goroutine touches it

	// Only the sender's goroutine touches these.
	reader   *segment.Reader
	readFile uint64
	readLast uint64 // number of the last message taken
	epoch    epoch  // of the messages at the reader's position
	peeked   *item  // read, but not its turn yet

	mu       sync.Mutex // guards everything below; never held while the log is called
	next     uint64     // the number of the next message
	writing  uint64     // all below it, and from offered on, are on the disk and not offered yet
	offered  uint64     // all below it are in pending, out, again or gone
	pending  ranges
	out      ranges // live, and in flight from there
	again    ranges // in flight from pending
	aside    ranges // messages that the upstream does not accept: on the disk, and not sent
	live     []*item
	homeless []*item
	epochs   []epoch
	files    []indexed // oldest first
	acked    uint64    // since the last cursor
	damaged  uint64    // messages that could not be read again
}

// indexed records where a file begins.
type indexed struct{ file, first uint64 }

// newItem assigns a message its number.
func (q *queue) newItem(topic string, payload []byte) *item {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := &item{queue: q, number: q.next, topic: topic, payload: payload, epoch: q.epochs[len(q.epochs)-1]}
	q.next++
	return i
}

// keep writes a message to the disk. record is for the log's Sync.
func (q *queue) keep(i *item) (record uint64, err error) {
	q.mu.Lock()
	q.writing = i.number
	q.mu.Unlock()
	if q.log == nil {
		return 0, errNoLog
	}
	m := stored{i.number, i.topic, i.payload}
	q.scratch = m.append(q.scratch[:0])
	if record, err = q.log.Append(q.scratch); err == nil {
		i.kept = true
	}
	return record, err
}

var errNoLog = errors.New("the outbox could not be opened")

// offer decides where a new message goes: with live to the connection, else it waits. lost counts messages for which
// memory had no room.
func (q *queue) offer(i *item, live bool) (lost uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.offered = i.number + 1
	switch {
	case !i.kept:
		q.homeless = append(q.homeless, i)
		if over := len(q.homeless) - maxHomeless; over > 0 {
			q.homeless = slices.Delete(q.homeless, 0, over)
			return uint64(over)
		}
	case live:
		q.out.add(i.number)
		q.live = append(q.live, i)
		if len(q.live) > maxLive {
			q.out.remove(q.live[0].number)
			q.pending.add(q.live[0].number)
			q.live = slices.Delete(q.live, 0, 1)
		}
	default:
		q.pending.add(i.number)
	}
	return 0
}

// promote makes a pending message live: the newest state of a device after an outage. It returns where the message is.
func (q *queue) promote(i *item) (waits bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !i.kept {
		return slices.Contains(q.homeless, i)
	}
	if !q.pending.has(i.number) {
		return q.out.has(i.number) || q.again.has(i.number) || q.aside.has(i.number)
	}
	q.pending.remove(i.number)
	q.out.add(i.number)
	at, _ := slices.BinarySearchFunc(q.live, i.number, func(l *item, n uint64) int { return compare(l.number, n) })
	q.live = slices.Insert(q.live, at, i)
	return true
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// takeLive returns the oldest message that waits in memory.
func (q *queue) takeLive() *item {
	q.mu.Lock()
	defer q.mu.Unlock()
	from := &q.live
	if len(q.live) == 0 || len(q.homeless) > 0 && q.homeless[0].number < q.live[0].number {
		from = &q.homeless
	}
	if len(*from) == 0 {
		return nil
	}
	i := (*from)[0]
	*from = slices.Delete(*from, 0, 1)
	i.setTime(q.epochs)
	return i
}

// done records that the upstream has acknowledged a message.
func (q *queue) done(i *item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying(i).remove(i.number)
	q.acked++
}

// flying is the set that holds a message which was handed to a connection; mu is held.
func (q *queue) flying(i *item) *ranges {
	if i.replay {
		return &q.again
	}
	return &q.out
}

// recall takes back the messages that were handed to a connection that has ended, and those that waited for it.
func (q *queue) recall(flight []*item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	back := append(slices.Clone(flight), q.live...)
	q.live = nil
	for _, i := range back {
		if i.kept {
			q.flying(i).remove(i.number)
			q.pending.add(i.number)
			continue
		}
		at, _ := slices.BinarySearchFunc(q.homeless, i.number, func(h *item, n uint64) int { return compare(h.number, n) })
		q.homeless = slices.Insert(q.homeless, at, i)
	}
}

// waiting is how many messages have not been acknowledged.
func (q *queue) waiting() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pending.count() + q.out.count() + q.again.count() + q.aside.count() + uint64(len(q.homeless))
}

// urgent is how many messages wait in memory or are in flight.
func (q *queue) urgent() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.out.count() + uint64(len(q.homeless))
}

// backlog returns the oldest pending message, read from the disk; nil if there is none whose turn it is. It takes none
// that is younger than a live message in flight: if that one comes back, it must go first.
func (q *queue) backlog() (*item, error) {
	for {
		q.mu.Lock()
		limit := q.offered
		if len(q.out) > 0 {
			limit = min(limit, q.out[0].from)
		}
		if len(q.pending) == 0 || q.pending[0].from >= limit || q.log == nil {
			q.mu.Unlock()
			return nil, nil
		}
		want := q.pending[0].from
		q.mu.Unlock()

		i, err := q.fetch(want)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		q.mu.Lock()
		if i == nil { // an expected message is missing
			q.damaged += q.pending.removeBelow(limit)
			q.mu.Unlock()
			return nil, nil
		}
		q.damaged += q.pending.removeBelow(min(i.number, limit))
		i.setTime(q.epochs)
		if i.number >= limit || i.unset && !q.clockSetLocked() {
			q.peeked = i
			q.mu.Unlock()
			return nil, nil
		}
		mine := q.pending.has(i.number)
		if mine {
			q.pending.remove(i.number)
			q.again.add(i.number)
		}
		q.mu.Unlock()
		if mine {
			return i, nil
		}
	}
}

// clockSetLocked reports whether the clock has been set by now. Messages from before wait for it.
func (q *queue) clockSetLocked() bool {
	return plausible(time.UnixMilli(q.epochs[len(q.epochs)-1].offset))
}

// fetch reads on to the first message whose number is want or more.
func (q *queue) fetch(want uint64) (*item, error) {
	if i := q.peeked; i != nil {
		q.peeked = nil
		if i.number >= want && q.readLast < want {
			q.readLast = i.number
			return i, nil
		}
		q.closeReader() // it looks for something older
	}
	if q.reader == nil || want <= q.readLast {
		if err := q.seek(want); err != nil {
			return nil, err
		}
	}
	for {
		i, err := q.read()
		if err != nil {
			return nil, err
		}
		if i.number >= want {
			q.readLast = i.number
			return i, nil
		}
	}
}
