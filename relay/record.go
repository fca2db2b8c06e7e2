package relay

import (
	"encoding/json"
	"errors"
	"os"
	"syscall"
	"time"

	"minirelay/relay/segment"
)

const (
	journalFile = 1 << 20 // bytes of one file of the journal
	resultRoom  = 8 << 10 // bytes for a command and its result, and for some that are still on their way
	maxUnsaved  = 4096    // results that wait for a disk that accepts no writes; the oldest are dropped first
	clockStep   = time.Minute
	clockLook   = 10 * time.Second // between two checks for a step of the clock
)

// record is one line of the journal: an admitted command, then its result; or a refusal; or a step of the clock.
type record struct {
	User    string          `json:"u,omitempty"`
	ID      string          `json:"i,omitempty"`
	At      int64           `json:"t,omitempty"` // Unix milliseconds of acceptance
	Topic   string          `json:"r,omitempty"`
	Name    string          `json:"c,omitempty"`
	Value   json.RawMessage `json:"v,omitempty"`
	Result  json.RawMessage `json:"a,omitempty"`
	Refused bool            `json:"n,omitempty"`
	// Shift is by how many milliseconds the wall clock was moved forward: the times before it are that much too early.
	// A Pi without a clock starts in the past and is corrected over the network.
	Shift int64 `json:"s,omitempty"`
}

// open reads the journal; mu is held, or no other goroutine knows j yet. It may be called again after an error.
// Whatever could be read counts even if nothing can be written.
func (j *journal) open() error {
	var all []record               // admitted or refused commands, oldest first
	newest := map[commandKey]int{} // where in all
	records, report, err := segment.Open(j.dir, journalFile, func(payload []byte) {
		var r record
		if json.Unmarshal(payload, &r) != nil {
			return // it has a valid checksum, so a newer version wrote it
		}
		key := commandKey{r.User, r.ID}
		at, seen := newest[key]
		switch {
		case r.Shift != 0:
			for i := range all {
				all[i].At += r.Shift
			}
		case seen && r.Result != nil && !r.Refused:
			all[at].Result = r.Result
		default:
			// An id that is in here already had outlived the window when it came again: this is another command.
			newest[key] = len(all)
			all = append(all, r)
		}
	})
	if errors.Is(err, segment.ErrLocked) {
		return err
	}
	if report.Bad > 0 {
		j.log.Warn("the command journal ended in a torn record, as after a power cut", "bytes", report.Bad)
	}
	j.records = records
	now := time.Now()
	for i, r := range all {
		if key := (commandKey{r.User, r.ID}); newest[key] == i {
			j.load(key, r, now)
		}
	}
	return err
}

// load restores the journal's record of one command; mu is held.
func (j *journal) load(key commandKey, r record, now time.Time) {
	age := max(now.Sub(time.UnixMilli(r.At)), 0) // below 0: written by a clock that was ahead
	at := now.Add(-age)                          // with a monotonic reading: a step of the clock makes nothing older
	old, there := j.entries[key]
	if age > j.window || there && !old.refused {
		return
	}
	e := entry{result: r.Result, at: at, refused: r.Refused}
	if r.Refused {
		if !there {
			j.keepRefusal(key, e)
		}
		return
	}
	j.remember(key, e)
	if e.result == nil {
		j.recover(key, r, now)
	}
}

// recover gives a command that a crash left without a result its final one. It is written when it is reported, so
// that a second crash before that does not lose the report.
func (j *journal) recover(key commandKey, r record, now time.Time) {
	j.log.Warn("the gateway stopped during a command; its result is unknown", "id", r.ID, "command", r.Name, "by", r.User)
	e := j.entries[key]
	e.result = appendResult(nil, report{id: r.ID, command: r.Name, value: r.Value, by: r.User,
		took: max(now.Sub(time.UnixMilli(r.At)), 0), at: now},
		Unknown("the gateway was stopped while this command was on its way; check the device before you try again"))
	j.entries[key] = e
	j.recovered = append(j.recovered, recovered{key, r.Topic, e.result})
}

// append writes r, preceded by how far the wall clock has been moved; mu is held.
func (j *journal) append(r record) (uint64, error) {
	if _, err := j.noteClock(); err != nil {
		return 0, err
	}
	return j.put(r)
}

// noteClock records how far the wall clock has been moved since the last check; n is 0 if it has not been. mu is held.
func (j *journal) noteClock() (n uint64, err error) {
	now := time.Now()
	drift := now.Round(0).Sub(j.started.Round(0)) - now.Sub(j.started)
	step := drift - j.drift
	if step <= clockStep && step >= -clockStep {
		return 0, nil
	}
	if n, err = j.put(record{Shift: step.Milliseconds()}); err == nil {
		j.drift = drift
	}
	return n, err
}

// watchClock checks the clock from time to time: after a correction no further command may arrive, and the earlier ones
// would look as old as the clock was wrong.
func (j *journal) watchClock() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	if j.records != nil {
		if n, err := j.noteClock(); err != nil {
			j.fail(err)
		} else if n > 0 {
			j.syncSoon(n)
		}
	}
	j.clock.Reset(clockLook)
}

func (j *journal) put(r record) (uint64, error) {
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
	n, err := j.append(r)
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
		n, err := j.append(j.unsaved[0])
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
	j.mu.Unlock()
	if err := records.Sync(n); err != nil && !errors.Is(err, segment.ErrClosed) { // close has synced it
		j.mu.Lock()
		j.keepUnsaved(fresh...)
		j.fail(err)
		j.mu.Unlock()
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

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	j.clock.Stop()
	if j.flush != nil {
		j.flush.Stop()
	}
	if j.records == nil {
		return nil
	}
	j.saveAgain()
	if _, err := j.noteClock(); err != nil && !errors.Is(err, segment.ErrClosed) {
		j.fail(err)
	}
	j.flush = time.NewTimer(0) // later results are not synced any more
	return j.records.Close()
}
