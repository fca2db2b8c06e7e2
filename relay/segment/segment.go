// Package segment keeps records in append-only files, for an SD card that may lose power at any moment. Most callers
// need [Open] and [Log.Append], with [Log.Sync] for a record that must survive a power cut.
//
// A directory holds numbered files. A record is
//
//	length  uint32, little endian: bytes of the payload
//	crc32c  uint32, little endian: Castagnoli, over length and payload
//	payload
//
// A record for which [Log.Sync] has returned is there after a power cut. [Open] cuts the newest file off after its last
// valid record: a write that a power cut interrupts is lost, and nothing before it. A damaged record in the middle is
// skipped. Nothing is rewritten: a file is deleted as a whole when its records are not needed any more ([Log.DropThrough]).
//
// If all records are needed at the start, [Open] passes them to a function; a long log is read file by file with a
// [Reader].
//
// Deliberately absent: keys, compaction, and records that change.
package segment

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	headerSize = 8
	suffix     = ".seg"
	// MaxRecord bounds a payload in bytes, so that a damaged length cannot ask for gigabytes.
	MaxRecord = 1 << 20
)

var (
	// ErrClosed is the error of a [Log] after [Log.Close].
	ErrClosed = errors.New("the log is closed")
	// ErrLocked is the error of [Open] while another process has the log open.
	ErrLocked = errors.New("another process has it open")

	errLost = errors.New("the disk has lost it")
)

// Log is a directory of segment files. [Open] opens one. Its methods may be called from any goroutine.
type Log struct {
	dir     string
	maxFile int64

	mu       sync.Mutex // guards everything below
	file     *os.File   // the newest, open for appending; nil after a failure, until one can be opened again
	number   uint64     // of file
	size     int64      // valid bytes of file
	reserved int64      // bytes of file for which the disk has reserved room
	begin    func(file uint64) []byte
	newest   time.Time // when file was last appended to
	older    []sealed  // oldest first
	appended uint64    // records appended since Open
	lost     uint64    // up to this one, records for which no Sync has returned may not be on the disk and never will be
	lock     *os.File  // held while the log is open
	closed   bool

	syncMu sync.Mutex // serialises fsync: callers that wait for it share the next one
	synced uint64     // records known to be on the disk; guarded by syncMu
}

// sealed is a file that takes no more records.
type sealed struct {
	path   string
	number uint64
	size   int64
	newest time.Time
}

// Report is what [Open] found.
type Report struct {
	Records int   // valid records read
	Bad     int64 // bytes that belong to no valid record
	Inside  int64 // of these, bytes that precede a valid record of their file
	Blank   int64 // bytes of files without any valid record
	Tail    int64 // the most bytes behind the last valid record of a file, as a torn write leaves them
	Gap     bool  // a file between others is missing
	Lost    int64 // bytes of records that were there when the log was closed
}

// Open opens the log in dir, or makes one, and passes every valid record to replay, oldest first. A payload is valid
// only during the call. Without replay only the newest file is read, to find its end. A file takes records until it has
// maxFile bytes. The error is [ErrLocked], or one of the disk.
func Open(dir string, maxFile int64, replay func(payload []byte)) (*Log, Report, error) {
	var report Report
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, report, err
	}
	lock, err := takeLock(dir)
	if err != nil {
		return nil, report, err
	}
	l := &Log{dir: dir, maxFile: maxFile, number: 1, lock: lock}
	if err := l.read(&report, replay); err != nil {
		return nil, report, errors.Join(err, lock.Close())
	}
	return l, report, nil
}

// takeLock keeps a second process from truncating the first one's records. The kernel releases it with the process,
// however that ends.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		// A read-only disk can still be read, and no process can write to it.
		if f, err = os.Open(dir); err != nil {
			return nil, err
		}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("%s: %w", dir, ErrLocked)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// read replays all files and opens the newest.
func (l *Log) read(report *Report, replay func(payload []byte)) error {
	numbers, err := list(l.dir)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		path := l.path(n)
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		newest := i == len(numbers)-1
		report.Gap = report.Gap || i > 0 && n != numbers[i-1]+1
		var end int64
		if newest || replay != nil {
			found, err := scan(path, replay)
			if err != nil {
				return err
			}
			report.add(found)
			end = found.end
		}
		at := info.ModTime()
		if now := time.Now(); at.After(now) {
			at = now // by a clock that was ahead: it must not keep this file, and all after it, for years
		}
		if !newest {
			l.older = append(l.older, sealed{path, n, info.Size(), at})
			continue
		}
		l.number, l.size, l.newest = n, end, at
	}
	report.Lost = l.takeClosed()
	return l.openFile()
}

// noteClosed writes into the lock file where the log ends, so that damage to its end can be told from a power cut.
// Without the note, as after a crash, damage is only told by its size.
func (l *Log) noteClosed() {
	if l.lock.Truncate(0) != nil {
		return // the directory serves as the lock: nothing was written
	}
	_, _ = l.lock.WriteAt(fmt.Appendf(nil, "%d %d\n", l.number, l.size), 0)
	_ = l.lock.Sync()
}

// takeClosed returns how many bytes are missing of what the log had when it was closed. From now on it counts as open.
func (l *Log) takeClosed() (lost int64) {
	b := make([]byte, 64)
	n, _ := l.lock.ReadAt(b, 0) // nothing, after a crash
	var number uint64
	var size int64
	if _, err := fmt.Sscan(string(b[:n]), &number, &size); err == nil && (number > l.number || number == l.number && size > l.size) {
		lost = size
		if number == l.number {
			lost -= l.size
		}
	}
	if n > 0 && l.lock.Truncate(0) == nil {
		_ = l.lock.Sync() // an old note is only too small
	}
	return lost
}

// add counts what was found in one file.
func (r *Report) add(f found) {
	r.Records += f.records
	r.Bad += f.bad
	if f.records == 0 {
		r.Blank += f.bad
		return
	}
	r.Inside += f.bad - f.tail
	r.Tail = max(r.Tail, f.tail)
}

func (l *Log) path(n uint64) string { return filepath.Join(l.dir, fmt.Sprintf("%08d%s", n, suffix)) }

// openFile opens the file with the current number at its last valid byte.
func (l *Log) openFile() error {
	f, err := os.OpenFile(l.path(l.number), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := l.prepare(f); err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.reserved = f, 0
	return nil
}

// prepare truncates f after its last valid byte, and makes the name of a file that may be new durable.
func (l *Log) prepare(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Size() != l.size {
		err = f.Truncate(l.size)
	}
	if err == nil && info.Size() == 0 {
		err = syncDir(l.dir)
	}
	return errors.Join(err, seek(f, l.size))
}

func seek(f *os.File, to int64) error {
	_, err := f.Seek(to, io.SeekStart)
	return err
}

// syncDir makes a new file's name survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Append writes one record and returns its number for [Log.Sync]. It does not wait for the disk. After an error, such
// as a full disk, nothing of the record remains, and a later Append tries again.
func (l *Log) Append(payload []byte) (record uint64, err error) {
	if len(payload) == 0 || len(payload) > MaxRecord {
		return 0, fmt.Errorf("a record of %d bytes: it must have 1 to %d", len(payload), MaxRecord)
	}
	b := encode(payload)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appendLocked(b)
}

// appendLocked writes one record with its header.
func (l *Log) appendLocked(b []byte) (record uint64, err error) {
	if l.closed {
		return 0, ErrClosed
	}
	if l.file != nil && l.size > 0 && l.size+int64(len(b)) > l.maxFile {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	if l.file == nil {
		if err := l.openFile(); err != nil {
			return 0, err
		}
	}
	if l.size == 0 && l.begin != nil {
		if first := l.begin(l.number); len(first) > 0 {
			b = append(encode(first), b...)
		}
	}
	if _, err := l.file.Write(b); err != nil {
		// The part that was written must not precede the next record.
		if undo := errors.Join(l.file.Truncate(l.size), seek(l.file, l.size)); undo != nil {
			l.abandonLocked()
		}
		return 0, err
	}
	l.size += int64(len(b))
	l.newest = time.Now()
	l.appended++
	return l.appended, nil
}

// Reserve makes sure that the disk has room for n more bytes of records, for records that must not fail later. It
// reserves more at a time. A file system that cannot reserve room is trusted to have it.
func (l *Log) Reserve(n int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil || l.size+n <= l.reserved {
		return nil
	}
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE of fallocate(2): the file ends where its records do
	for _, room := range []int64{64 << 10, n} {
		err := syscall.Fallocate(int(l.file.Fd()), keepSize, l.size, max(room, n))
		switch {
		case err == nil:
			l.reserved = l.size + max(room, n)
			return nil
		case !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT):
			return nil // not supported here: Append will report it
		case room == n:
			return err
		}
	}
	return nil
}

// rotate seals the newest file and starts the next. The old one is synced first, because Sync only looks at the newest.
func (l *Log) rotate() error {
	if err := l.file.Sync(); err != nil {
		l.abandonLocked()
		return err
	}
	old := sealed{l.file.Name(), l.number, l.size, l.newest}
	if err := l.file.Close(); err != nil {
		return err
	}
	l.file = nil
	l.older = append(l.older, old)
	l.number++
	l.size = 0
	return l.openFile()
}

// Sync returns when record n is on the disk. Callers that wait at the same time share one fsync.
func (l *Log) Sync(record uint64) error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.mu.Lock()
	f, upTo, closed, lost := l.file, l.appended, l.closed, l.lost
	l.mu.Unlock()
	switch {
	case record <= lost: // even for records that an earlier fsync may have saved: reporting a failure is always safe
		return errLost
	case l.synced >= record:
		return nil
	case closed:
		return ErrClosed
	}
	if f == nil {
		return errors.New("the file could not be opened again after a failure")
	}
	// Not under mu: appending goes on meanwhile. If the file was sealed in between, rotate has synced it.
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		l.mu.Lock()
		if l.file == f {
			l.abandonLocked()
		}
		l.mu.Unlock()
		return err
	}
	l.mu.Lock()
	lost = l.lost
	l.mu.Unlock()
	if record <= lost { // abandoned meanwhile
		return errLost
	}
	l.synced = max(l.synced, upTo)
	return nil
}

// abandonLocked continues in a new file after a failed fsync: the kernel forgets which pages it could not write, so the
// next fsync of the same file would report success for them. Records that are not known to be safe count as lost.
func (l *Log) abandonLocked() {
	l.lost = l.appended
	l.older = append(l.older, sealed{l.file.Name(), l.number, l.size, l.newest})
	l.file.Close()
	l.file = nil
	l.number++
	l.size = 0
}

// Gone reports whether the file that is written to can no longer be found under its name: its directory was deleted, or
// another disk was mounted over it. Then nothing that is appended will be there later.
func (l *Log) Gone() bool {
	l.mu.Lock()
	f := l.file
	l.mu.Unlock()
	if f == nil {
		return false
	}
	ours, err := f.Stat()
	if err != nil {
		return !errors.Is(err, os.ErrClosed) // it has just been sealed
	}
	there, err := os.Stat(f.Name())
	return err != nil || !os.SameFile(ours, there)
}

// Close syncs and closes the log. A second call does nothing.
func (l *Log) Close() error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	var err error
	if l.file != nil {
		if err = l.file.Sync(); err == nil {
			l.noteClosed()
		}
		err = errors.Join(err, l.file.Close())
	}
	return errors.Join(err, l.lock.Close())
}
