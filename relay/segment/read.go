package segment

import (
	"errors"
	"io"
	"os"
	"slices"
	"time"
)

// File is one file of a [Log].
type File struct {
	Number uint64
	Size   int64     // bytes
	Newest time.Time // when it was last appended to
}

// Files lists the files, oldest first. The last one is written to.
func (l *Log) Files() []File {
	l.mu.Lock()
	defer l.mu.Unlock()
	files := make([]File, 0, len(l.older)+1)
	for _, s := range l.older {
		files = append(files, File{s.number, s.size, s.newest})
	}
	return append(files, File{l.number, l.size, l.newest})
}

// Begin sets a function that returns the first record of each new file; it may return none. It is called while a record
// is being appended, and must not call the log.
func (l *Log) Begin(first func(file uint64) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin = first
}

// DropThrough deletes the files up to the one with the given number, except the one that is written to.
func (l *Log) DropThrough(number uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.older) > 0 && l.older[0].number <= number {
		if err := os.Remove(l.older[0].path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		l.older = l.older[1:]
	}
	return nil
}

// Reader reads the records of one file, oldest first, even while the file is written to. [Log.Read] opens one. Only one
// goroutine may use it.
type Reader struct {
	log    *Log
	number uint64
	file   *os.File
	at     int64  // of the next byte that buf does not have yet
	buf    []byte // read but not returned yet
	bad    int64
}

// readAhead is how much of a file is read at a time, in bytes.
const readAhead = 64 << 10

// Read opens a file. The caller must call [Reader.Close].
func (l *Log) Read(number uint64) (*Reader, error) {
	f, err := os.Open(l.path(number))
	if err != nil {
		return nil, err
	}
	return &Reader{log: l, number: number, file: f}, nil
}

// Next returns the next valid record. The record is valid until the next call. The error io.EOF means that there is no
// further record now; one may be appended later.
func (r *Reader) Next() ([]byte, error) {
	for {
		payload, n, skipped, ok := next(r.buf)
		complete := r.at >= r.end() // buf holds the whole rest
		// After a damaged length a record may seem to extend beyond the buffer: look at the rest before skipping.
		if ok && (skipped == 0 || complete) {
			r.bad += int64(skipped)
			r.buf = r.buf[skipped+n:]
			return payload, nil
		}
		if complete {
			return nil, io.EOF
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// Bad is the number of bytes that were skipped because they belong to no valid record.
func (r *Reader) Bad() int64 { return r.bad }

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// end is where the valid bytes of the file end; for an older file, the end of the file.
func (r *Reader) end() int64 {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	if r.number == r.log.number {
		return r.log.size
	}
	for _, s := range r.log.older {
		if s.number == r.number {
			return s.size
		}
	}
	return r.at // it has been dropped
}

func (r *Reader) fill() error {
	n := min(int64(readAhead), r.end()-r.at)
	if n <= 0 {
		return nil
	}
	r.buf = slices.Grow(slices.Clone(r.buf), int(n))
	got, err := r.file.ReadAt(r.buf[len(r.buf):len(r.buf)+int(n)], r.at)
	r.buf = r.buf[:len(r.buf)+got]
	r.at += int64(got)
	if errors.Is(err, io.EOF) {
		if got == 0 {
			return io.ErrUnexpectedEOF // it is shorter than before
		}
		err = nil
	}
	return err
}
