package relay

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"minirelay/relay/segment"
)

const (
	journalFile = 1 << 20 // bytes of one file of the journal
	resultRoom  = 8 << 10 // bytes for a command and its result, and for some that are still on their way
	maxUnsaved  = 4096    // results that wait for a disk that accepts no writes; the oldest are dropped first
)

// record is one line of the journal: an admitted command, then its result; or a refusal; or a mark.
type record struct {
	User    string          `json:"u,omitempty"`
	Device  string          `json:"d,omitempty"`
	ID      string          `json:"i,omitempty"`
	At      int64           `json:"t,omitempty"` // of acceptance, in Unix milliseconds by the wall clock
	Up      int64           `json:"k,omitempty"` // the same in milliseconds by the boot clock of the last mark's Boot
	Topic   string          `json:"r,omitempty"`
	Name    string          `json:"c,omitempty"`
	Value   json.RawMessage `json:"v,omitempty"`
	Result  json.RawMessage `json:"a,omitempty"`
	Refused bool            `json:"n,omitempty"`

	// A mark: the records after it were written in this run of the machine, to this file.
	Boot string `json:"b,omitempty"`
	File uint64 `json:"f,omitempty"`
	// Damage is how many bytes of the journal were known to be damaged when commands were refused for it.
	Damage int64 `json:"q,omitempty"`
}

func (r *record) key() commandKey { return commandKey{r.User, r.Device, r.ID} }

// isMark reports whether r is no command.
func (r *record) isMark() bool { return r.ID == "" }

// recordOf is the record of a command's result; mu is held.
func (j *journal) recordOf(key commandKey, e entry) record {
	now, age := j.look(), time.Since(e.at)
	return record{User: key.user, Device: key.device, ID: key.id, At: now.Wall.Add(-age).UnixMilli(),
		Up: (now.Up - age).Milliseconds(), Result: e.result, Refused: e.refused}
}

// mark is the record of the current run of the machine.
func (j *journal) mark(file uint64) record {
	now := j.look()
	return record{Boot: now.Boot, File: file, At: now.Wall.UnixMilli(), Up: now.Up.Milliseconds()}
}

// beginFile returns the first record of a file: a mark. mu is held, because records are appended under it.
func (j *journal) beginFile(file uint64) []byte {
	j.file, j.marked = file, true
	line, err := json.Marshal(j.mark(file))
	if err != nil {
		return nil // a mark always encodes
	}
	return line
}

// put appends r, behind a mark; mu is held.
func (j *journal) put(r record) (uint64, error) {
	if !j.marked {
		if _, err := j.append(j.mark(j.file)); err != nil {
			return 0, err
		}
		j.marked = true
	}
	return j.append(r)
}

func (j *journal) append(r record) (uint64, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	return j.records.Append(line)
}

// write appends a result without waiting for the disk; mu is held. A result that the disk does not accept is kept and
// retried.
func (j *journal) write(r record) {
	if j.records == nil {
		j.keepUnsaved(r)
		return
	}
	n, err := j.put(r)
	if errors.Is(err, segment.ErrClosed) {
		return // it is only answered that the gateway is stopping
	}
	if err != nil {
		j.keepUnsaved(r)
		j.fail(err)
		return
	}
	j.fresh = append(j.fresh, r)
	j.syncSoon(n)
}

// syncSoon makes sure that record n is on the disk within a second; mu is held.
func (j *journal) syncSoon(n uint64) {
	j.unsynced = n
	if j.flush == nil {
		j.flush = time.AfterFunc(time.Second, j.sync)
	}
}

func (j *journal) keepUnsaved(records ...record) {
	j.unsaved = append(j.unsaved, records...)
	if over := len(j.unsaved) - maxUnsaved; over > 0 {
		j.unsaved = j.unsaved[over:]
	}
}

// saveAgain writes the results that the disk did not accept before, as far as it accepts them now; mu is held.
func (j *journal) saveAgain() {
	for len(j.unsaved) > 0 {
		n, err := j.put(j.unsaved[0])
		if err != nil {
			return
		}
		j.unsynced = n
		j.unsaved = j.unsaved[1:]
	}
}

// sync puts the results of the last second on the disk.
func (j *journal) sync() {
	j.mu.Lock()
	records, n, fresh := j.records, j.unsynced, j.fresh
	j.flush, j.fresh = nil, nil
	j.log.release(&j.mu)
	if records == nil {
		return // its directory has disappeared: everything is written to the next one
	}
	if err := records.Sync(n); err != nil && !errors.Is(err, segment.ErrClosed) { // close has synced it
		j.mu.Lock()
		j.keepUnsaved(fresh...)
		j.fail(err)
		j.log.release(&j.mu)
	}
}

// reason describes an error of the disk in words that are safe to show on a phone: no paths.
func reason(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "its disk is full"
	case errors.Is(err, syscall.EROFS):
		return "its disk is read-only"
	case errors.Is(err, os.ErrPermission):
		return "it is not allowed to write to its disk"
	case errors.Is(err, errTooMany):
		return "too many commands in one day"
	}
	return "writing to its disk failed"
}

// fail logs once that commands cannot be remembered; mu is held.
func (j *journal) fail(err error) {
	if !j.failing {
		j.failing = true
		j.log.Error("commands are refused: they cannot be kept on the disk; free or repair it", "dir", j.dir, "error", err)
	}
}

// works logs that commands can be remembered again; mu is held.
func (j *journal) works() {
	if j.failing {
		j.failing = false
		j.log.Info("commands are accepted again: the disk takes them", "dir", j.dir)
	}
}

// trouble says in one sentence why commands are refused; "" if they are not.
func (j *journal) trouble() string {
	j.mu.Lock()
	defer j.log.release(&j.mu)
	switch {
	case time.Now().Before(j.doubt):
		return "commands are refused: a part of the command journal is damaged"
	case j.failing:
		return "commands are refused: they cannot be kept on the disk"
	}
	return ""
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.log.release(&j.mu)
	j.closed = true
	j.care.Stop()
	if j.flush != nil {
		j.flush.Stop()
	}
	if j.records == nil {
		return nil
	}
	err := j.usable() // what has disappeared is written again, if that is possible
	if err == nil {
		j.saveAgain()
	}
	j.flush = time.NewTimer(0) // later results are not synced any more
	if j.records == nil {
		return err
	}
	return errors.Join(err, j.records.Close())
}

// withoutValue returns a result without its value, which can be long.
func withoutValue(result []byte) []byte {
	var r struct {
		ID, Command, By string
		Status          Status
		Code            Code
		Message         string
		MS, TS          int64
	}
	if json.Unmarshal(result, &r) != nil {
		return result // its own words always decode
	}
	return appendResult(nil, report{id: r.ID, command: r.Command, by: r.By, took: time.Duration(r.MS) * time.Millisecond,
		at: time.UnixMilli(r.TS)}, Outcome{r.Status, r.Code, r.Message})
}

// deviceOfTopic returns the device of minirelay/home/greenhouse/result. Journals of earlier versions name no device.
func deviceOfTopic(topic string) string {
	levels := strings.Split(topic, "/")
	return levels[max(len(levels)-2, 0)]
}
