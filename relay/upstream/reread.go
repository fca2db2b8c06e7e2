package upstream

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
)

// seek opens the file that holds the message want.
func (q *queue) seek(want uint64) error {
	q.closeReader()
	q.mu.Lock()
	var file uint64
	for n, f := range q.files {
		if n == 0 || f.first <= want {
			file = f.file
		}
	}
	q.mu.Unlock()
	if file == 0 {
		return io.EOF
	}
	return q.openFile(file)
}

func (q *queue) openFile(file uint64) error {
	r, err := q.log.Read(file)
	if err != nil {
		return err
	}
	q.reader, q.readFile, q.readLast, q.epoch = r, file, 0, epoch{}
	return nil
}

func (q *queue) closeReader() {
	if q.reader != nil {
		_ = q.reader.Close() // nothing was written to it
	}
	q.reader, q.peeked = nil, nil
}

// read returns the next message, across the ends of files. io.EOF means that there is none now.
func (q *queue) read() (*item, error) {
	for {
		newer, is := q.newer() // before looking: messages appended meanwhile go into this file
		record, err := q.reader.Next()
		switch {
		case errors.Is(err, io.EOF) && is:
			last := q.readLast
			q.closeReader()
			if err := q.openFile(newer); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			if q.reader == nil {
				return nil, io.EOF // dropped in between: the next call seeks
			}
			q.readLast = last
		case err != nil:
			return nil, err
		default:
			if i := q.message(record); i != nil {
				return i, nil
			}
		}
	}
}

// newer is the file that follows the one being read.
func (q *queue) newer() (uint64, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, f := range q.files {
		if f.file > q.readFile {
			return f.file, true
		}
	}
	return 0, false
}

// message returns the message in a record, or takes in the other kinds of record. A record of an unknown kind comes
// from a newer version.
func (q *queue) message(record []byte) *item {
	switch record[0] {
	case kindMessage:
		m, err := readMessage(record[1:])
		if err != nil {
			return nil
		}
		return &item{queue: q, number: m.number, topic: m.topic, payload: bytes.Clone(m.payload), kept: true,
			replay: true, epoch: q.epoch}
	case kindClock:
		if e, _, err := readEpoch(record[1:]); err == nil {
			q.epoch = e
		}
	case kindCursor:
		if c, err := readCursor(record[1:]); err == nil && len(c.epochs) > 0 {
			q.epoch = c.epochs[len(c.epochs)-1]
		}
	}
	return nil
}
