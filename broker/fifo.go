package broker

// fifo is a queue that reuses its memory and releases it after a burst.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int    { return len(q.items) - q.head }
func (q *fifo[T]) at(i int) *T { return &q.items[q.head+i] }
func (q *fifo[T]) push(item T) { q.items = append(q.items, item) }
func (q *fifo[T]) live() []T   { return q.items[q.head:] }
func (q *fifo[T]) clear()      { q.items, q.head = nil, 0 }

// remove drops item i, wherever it is.
func (q *fifo[T]) remove(i int) {
	var none T
	rest := q.items[q.head+i:]
	copy(rest, rest[1:])
	rest[len(rest)-1] = none
	q.items = q.items[:len(q.items)-1]
}

// pop drops the oldest item.
func (q *fifo[T]) pop() {
	var none T
	q.items[q.head] = none
	q.head++
	switch {
	case q.head == len(q.items):
		if cap(q.items) > 64 {
			q.items = nil
		}
		q.items, q.head = q.items[:0], 0
	case q.head > 64 && q.head*2 > len(q.items):
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
}
