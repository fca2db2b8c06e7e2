package relay

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"minirelay/relay/segment"
)

const (
	// maxRemembered is how many executed commands are remembered at a time, and maxOfOne how many of one user.
	// More than one a second over a whole day is no person: the next one is answered busy, because forgetting
	// one early could mean executing it twice.
	maxRemembered = 100_000
	maxOfOne      = 50_000
	// maxRefused is how many answers to commands that were never written are remembered; the oldest are dropped first.
	// The disk keeps as many per hour.
	maxRefused = 4096
	// maxWaiters is how many repetitions of a running command get the result on topics of their own.
	maxWaiters = 8
)

var errTooMany = fmt.Errorf("more than %d commands are remembered", maxOfOne)

// commandKey identifies a command: clients choose their ids, so an id only counts together with the user, or the
// upstream.
type commandKey struct{ user, id string }

// entry is the journal's record of a command.
type entry struct {
	result  []byte // the first result as published; nil while there is none
	at      time.Time
	refused bool // nothing of it was written
	waiters []waiter
}

// waiter is an MQTT 5 response topic on which a result is awaited.
type waiter struct {
	topic       string
	correlation []byte
	to          Publisher
}

// journal makes sure that no command is executed twice: it knows every id of the last window, on disk too.
//
// An accepted command is on the disk before anything of it is written to the hardware (admit). So after a crash each
// command is found either with its result or without one. In the second case its progress is unknown, it is never tried
// again, and its result is unknown (recovered).
type journal struct {
	window  time.Duration
	log     *slog.Logger
	dir     string
	started time.Time

	mu        sync.Mutex // guards everything below
	records   *segment.Log
	entries   map[commandKey]entry
	order     []commandKey   // of admitted commands, oldest first
	refused   []commandKey   // of refused commands, oldest first
	ofUser    map[string]int // admitted commands
	failing   bool           // the disk refused the last record
	recovered []recovered
	hour      time.Time // since when kept are counted
	kept      int       // refusals on the disk since hour

	flush    *time.Timer // syncs results a moment after the first unsynced one
	unsynced uint64
	fresh    []record      // written since the last sync
	unsaved  []record      // not yet accepted by the disk
	drift    time.Duration // of the wall clock against the monotonic one, as last written
	clock    *time.Timer   // runs watchClock
	closed   bool
}

// recovered is a command that a crash left without a result.
type recovered struct {
	key    commandKey
	topic  string
	result []byte
}

// openJournal reads the journal under dir. Without a usable disk it returns one that refuses commands with ids and
// gives the reason: readings must go on. An error means that another gateway uses the directory.
func openJournal(dir string, window time.Duration, log *slog.Logger) (*journal, error) {
	j := &journal{window: window, log: log, dir: dir, started: time.Now(), entries: map[commandKey]entry{}, ofUser: map[string]int{}}
	if err := j.open(); errors.Is(err, segment.ErrLocked) {
		return nil, err
	} else if err != nil {
		j.fail(err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.clock = time.AfterFunc(clockLook, j.watchClock)
	return j, nil
}

// verdict is the journal's answer about an id.
type verdict int

const (
	unseen  verdict = iota // never seen: to be admitted, or refused
	running                // its first result is still to come
	known                  // it has a result already
)

// look returns the state of key. If its result is still to come, w gets it too.
func (j *journal) look(key commandKey, w waiter) (verdict, []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forget(time.Now())
	e, ok := j.entries[key]
	switch {
	case !ok:
		return unseen, nil
	case e.result == nil:
		if w.topic != "" && len(e.waiters) < maxWaiters {
			e.waiters = append(e.waiters, w)
			j.entries[key] = e
		}
		return running, nil
	}
	j.reported(key)
	return known, e.result
}

// admit remembers that r is about to be executed, and returns when that is on the disk. ok is false if the same command
// arrived first by another route. After an error the command must not be executed.
func (j *journal) admit(r record, accepted time.Time) (ok bool, err error) {
	key := commandKey{r.User, r.ID}
	j.mu.Lock()
	if _, there := j.entries[key]; there {
		j.mu.Unlock()
		return false, nil
	}
	n, err := j.begin(key, r, accepted)
	records := j.records
	j.mu.Unlock()
	if err != nil {
		return false, err
	}
	err = records.Sync(n)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		// It may or may not be on the disk. It stays in memory, and the caller answers: not executed.
		j.fail(err)
		return true, err
	}
	j.works()
	return true, nil
}

// begin writes r; mu is held.
func (j *journal) begin(key commandKey, r record, accepted time.Time) (uint64, error) {
	if len(j.order) >= maxRemembered || j.ofUser[key.user] >= maxOfOne {
		return 0, errTooMany
	}
	if j.records == nil {
		if err := j.open(); err != nil {
			j.fail(err)
			return 0, err
		}
		if _, there := j.entries[key]; there {
			return 0, errors.New("the journal, which could not be read until now, knows the command")
		}
	}
	j.saveAgain()
	// The result must find room too, or a restart would report a command that was executed as unknown.
	if err := j.records.Reserve(resultRoom); err != nil {
		j.fail(err)
		return 0, err
	}
	n, err := j.append(r)
	if err != nil {
		j.fail(err)
		return 0, err
	}
	j.remember(key, entry{at: accepted})
	return n, nil
}

// remember keeps an admitted command; mu is held.
func (j *journal) remember(key commandKey, e entry) {
	j.entries[key] = e
	j.order = append(j.order, key)
	j.ofUser[key.user]++
}

// settle remembers the result of an admitted command and returns the clients that wait for it. It reaches the disk
// within a second; if the power is cut before that, the command is found without a result and reported as unknown.
func (j *journal) settle(key commandKey, result []byte) []waiter {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.entries[key]
	waiters := e.waiters
	e.result, e.waiters = result, nil
	j.entries[key] = e
	j.write(record{User: key.user, ID: key.id, At: e.at.UnixMilli(), Result: result})
	return waiters
}

// refuse remembers the answer to a command of which nothing was written. first is false if the same command has arrived
// by another route meanwhile: then the other result counts.
func (j *journal) refuse(key commandKey, result []byte) (first bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, there := j.entries[key]; there {
		return false
	}
	now := time.Now()
	j.keepRefusal(key, entry{result: result, at: now, refused: true})
	if now.Sub(j.hour) > time.Hour {
		j.hour, j.kept = now, 0
	}
	if j.kept < maxRefused { // no client may fill the disk with nonsense
		j.kept++
		j.write(record{User: key.user, ID: key.id, At: now.UnixMilli(), Result: result, Refused: true})
	}
	return true
}

// keepRefusal keeps a refused command; mu is held.
func (j *journal) keepRefusal(key commandKey, e entry) {
	j.entries[key] = e
	j.refused = append(j.refused, key)
	if len(j.refused) > maxRefused {
		if j.entries[j.refused[0]].refused {
			delete(j.entries, j.refused[0])
		}
		j.refused = j.refused[1:]
	}
}

// forget drops entries that are older than the window; mu is held.
func (j *journal) forget(now time.Time) {
	dropped := false
	for len(j.order) > 0 && now.Sub(j.entries[j.order[0]].at) > j.window {
		key := j.order[0]
		delete(j.entries, key)
		if j.ofUser[key.user]--; j.ofUser[key.user] == 0 {
			delete(j.ofUser, key.user)
		}
		j.order = j.order[1:]
		dropped = true
	}
	for len(j.refused) > 0 && now.Sub(j.entries[j.refused[0]].at) > j.window {
		if j.entries[j.refused[0]].refused {
			delete(j.entries, j.refused[0])
		}
		j.refused = j.refused[1:]
	}
	if dropped && j.records != nil {
		if err := j.records.DropBefore(now.Add(-j.window)); err != nil {
			j.log.Warn("an old file of the command journal stays", "error", err)
		}
	}
}

// takeRecovered returns the topic and the result of each recovered command that want accepts, once.
func (j *journal) takeRecovered(want func(recovered) bool) []outgoing {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []outgoing
	for _, r := range append([]recovered(nil), j.recovered...) {
		if want(r) {
			out = append(out, outgoing{topic: r.topic, payload: r.result})
			j.reported(r.key)
		}
	}
	return out
}

// reported records that the result of a recovered command has been published: from now on it is the final one, also
// after another restart; mu is held.
func (j *journal) reported(key commandKey) {
	for i, r := range j.recovered {
		if r.key == key {
			j.recovered = append(j.recovered[:i:i], j.recovered[i+1:]...)
			if e := j.entries[key]; e.result != nil { // else it has outlived the window
				j.write(record{User: key.user, ID: key.id, At: e.at.UnixMilli(), Result: e.result})
			}
			return
		}
	}
}
