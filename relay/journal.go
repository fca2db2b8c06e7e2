package relay

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"minirelay/relay/clock"
	"minirelay/relay/segment"
)

const (
	// maxRemembered is how many executed commands are remembered at a time. Forgetting one early could mean executing it
	// twice, so allowances keep the number far below; what they cannot know (a smaller window in the config, many
	// restarts) ends here. A person of whom no more than fewRemembered are remembered always has room.
	maxRemembered = 2 * dayOfCommands
	fewRemembered = 256
	// maxRefused is how many answers to commands that were never written are remembered. The oldest of the person who has
	// most of them is dropped first. The disk keeps maxRefusedOnDisk of each person per hour.
	maxRefused       = 4096
	maxRefusedOnDisk = 512
	// maxWaiters is how many repetitions of a running command get the result on topics of their own.
	maxWaiters = 8
	// maxKept is the longest result that is remembered with its value, in bytes.
	maxKept = 1024
)

var errTooMany = fmt.Errorf("more than %d commands are remembered", maxRemembered)

// commandKey identifies a command: clients choose their ids, so an id only counts together with the person and the
// device.
type commandKey struct{ user, device, id string }

// entry is the journal's record of a command.
type entry struct {
	result  []byte // the first result as published; nil while there is none
	at      time.Time
	file    uint64  // of the disk, that holds the command; 0: not known
	refused bool    // nothing of it was written
	pending *record // as admitted; nil once there is a result
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
	window time.Duration
	log    heldLog // written when mu is released
	dir    string
	look   func() clock.Instant

	mu        sync.Mutex // guards everything below
	records   *segment.Log
	entries   map[commandKey]entry
	order     []commandKey            // of admitted commands, oldest first
	refused   map[string][]commandKey // of refused commands, by user, oldest first
	refusals  int                     // how many these are
	ofUser    map[string]int          // admitted commands
	failing   bool                    // the disk refused the last record
	doubt     time.Time               // until then commands of before may be missing; see damaged
	recovered []recovered
	hour      time.Time      // since when kept are counted
	kept      map[string]int // refusals on the disk since hour, by user

	file     uint64      // that is written to
	marked   bool        // it says which run of the machine the next record belongs to
	dropped  uint64      // files up to this one are deleted
	flush    *time.Timer // syncs results a moment after the first unsynced one
	unsynced uint64
	fresh    []record    // written since the last sync
	unsaved  []record    // not yet accepted by the disk
	care     *time.Timer // runs tend
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
func openJournal(dir string, window time.Duration, look func() clock.Instant, log *slog.Logger) (*journal, error) {
	j := &journal{window: window, log: heldLog{to: log}, dir: dir, look: look, entries: map[commandKey]entry{},
		refused: map[string][]commandKey{}, ofUser: map[string]int{}, kept: map[string]int{}}
	if err := j.open(); errors.Is(err, segment.ErrLocked) {
		return nil, err
	} else if err != nil {
		j.fail(err)
	}
	j.mu.Lock()
	defer j.log.release(&j.mu)
	j.care = time.AfterFunc(careEvery, j.tend)
	return j, nil
}

// verdict is the journal's answer about an id.
type verdict int

const (
	unseen  verdict = iota // never seen: to be admitted, or refused
	running                // its first result is still to come
	known                  // it has a result already
)

// find returns the state of key. If its result is still to come, w gets it too.
func (j *journal) find(key commandKey, w waiter) (verdict, []byte) {
	j.mu.Lock()
	defer j.log.release(&j.mu)
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
	j.mu.Lock()
	if _, there := j.entries[r.key()]; there {
		j.log.release(&j.mu)
		return false, nil
	}
	n, err := j.begin(r, accepted)
	records := j.records
	j.log.release(&j.mu)
	if err != nil {
		return false, err
	}
	if err = records.Sync(n); err == nil && records.Gone() {
		err = errGone
	}
	j.mu.Lock()
	defer j.log.release(&j.mu)
	if err != nil {
		// It may or may not be on the disk. It stays in memory, and the caller answers: not executed.
		j.fail(err)
		return true, err
	}
	j.works()
	return true, nil
}

// begin writes r; mu is held.
func (j *journal) begin(r record, accepted time.Time) (uint64, error) {
	key := r.key()
	if time.Now().Before(j.doubt) {
		return 0, errDoubt
	}
	if len(j.order) >= maxRemembered && j.ofUser[key.user] >= fewRemembered {
		return 0, errTooMany
	}
	if err := j.usable(); err != nil {
		j.fail(err)
		return 0, err
	}
	if _, there := j.entries[key]; there {
		return 0, errors.New("the journal, which could not be read until now, knows the command")
	}
	j.saveAgain()
	// The result must find room too, or a restart would report a command that was executed as unknown.
	if err := j.records.Reserve(resultRoom); err != nil {
		j.fail(err)
		return 0, err
	}
	n, err := j.put(r)
	if err != nil {
		j.fail(err)
		return 0, err
	}
	j.remember(key, entry{at: accepted, file: j.file, pending: &r})
	return n, nil
}

// remember keeps an admitted command; mu is held.
func (j *journal) remember(key commandKey, e entry) {
	j.entries[key] = e
	j.order = append(j.order, key)
	j.ofUser[key.user]++
}

// settle remembers the result of an admitted command and returns the clients that wait for it. It reaches the disk
// within a second; if the power is cut before that, the command is found without a result and reported as unknown. A
// command of which nothing was written (refused) counts as a refusal from now on.
func (j *journal) settle(key commandKey, result []byte, refused bool) []waiter {
	j.mu.Lock()
	defer j.log.release(&j.mu)
	e := j.entries[key]
	waiters := e.waiters
	e.result, e.pending, e.waiters, e.refused = result, nil, nil, refused
	if len(result) > maxKept {
		e.result = withoutValue(result)
	}
	if refused {
		j.drop(key)
		j.keepRefusal(key, e)
	} else {
		j.entries[key] = e
	}
	j.write(j.recordOf(key, e))
	return waiters
}

// drop takes an admitted command out of the order; mu is held. It is among the newest.
func (j *journal) drop(key commandKey) {
	for i, k := range slices.Backward(j.order) {
		if k == key {
			j.order = slices.Delete(j.order, i, i+1)
			j.uncount(key.user)
			return
		}
	}
}

func (j *journal) uncount(user string) {
	if j.ofUser[user]--; j.ofUser[user] == 0 {
		delete(j.ofUser, user)
	}
}

// refuse remembers the answer to a command of which nothing was written. first is false if the same command has arrived
// by another route meanwhile: then the other result counts.
func (j *journal) refuse(key commandKey, result []byte) (first bool) {
	j.mu.Lock()
	defer j.log.release(&j.mu)
	if _, there := j.entries[key]; there {
		return false
	}
	now := time.Now()
	e := entry{result: result, at: now, file: j.file, refused: true}
	j.keepRefusal(key, e)
	if now.Sub(j.hour) > time.Hour {
		j.hour = now
		clear(j.kept)
	}
	if j.kept[key.user] < maxRefusedOnDisk { // no client may fill the disk with nonsense
		j.kept[key.user]++
		j.write(j.recordOf(key, e))
	}
	return true
}

// keepRefusal keeps a refused command; mu is held.
func (j *journal) keepRefusal(key commandKey, e entry) {
	j.entries[key] = e
	j.refused[key.user] = append(j.refused[key.user], key)
	if j.refusals++; j.refusals <= maxRefused {
		return
	}
	most := key.user
	for user, keys := range j.refused {
		if len(keys) > len(j.refused[most]) {
			most = user
		}
	}
	j.forgetRefusal(most)
}

// dropRefusal drops one refusal; mu is held.
func (j *journal) dropRefusal(key commandKey) {
	keys := j.refused[key.user]
	if i := slices.Index(keys, key); i >= 0 {
		j.refused[key.user] = slices.Delete(keys, i, i+1)
		j.refusals--
	}
	if len(j.refused[key.user]) == 0 {
		delete(j.refused, key.user)
	}
}

// forgetRefusal drops the oldest refusal of a user; mu is held.
func (j *journal) forgetRefusal(user string) {
	keys := j.refused[user]
	delete(j.entries, keys[0])
	j.refusals--
	if j.refused[user] = keys[1:]; len(keys) == 1 {
		delete(j.refused, user)
	}
}

// forget drops entries that are older than the window, and the files that hold nothing else; mu is held.
func (j *journal) forget(now time.Time) {
	forgotten := false
	old := func(key commandKey) bool { return now.Sub(j.entries[key].at) > j.window }
	for len(j.order) > 0 && old(j.order[0]) {
		key := j.order[0]
		delete(j.entries, key)
		j.uncount(key.user)
		j.order = j.order[1:]
		forgotten = true
	}
	for user := range j.refused {
		for len(j.refused[user]) > 0 && old(j.refused[user][0]) {
			j.forgetRefusal(user)
			forgotten = true
		}
	}
	if forgotten && j.records != nil {
		j.dropFiles()
	}
}

// dropFiles deletes the files that hold nothing that is remembered; mu is held. The clock is no help here: it may have
// been wrong when a file was written, or be wrong now.
func (j *journal) dropFiles() {
	needed := j.file
	if len(j.order) > 0 {
		needed = min(needed, j.entries[j.order[0]].file)
	}
	for _, keys := range j.refused {
		needed = min(needed, j.entries[keys[0]].file)
	}
	if needed == 0 || needed-1 <= j.dropped {
		return
	}
	if err := j.records.DropThrough(needed - 1); err != nil {
		j.log.Warn("an old file of the command journal stays", "error", err)
		return
	}
	j.dropped = needed - 1
}

// takeRecovered returns the topic and the result of each recovered command that want accepts, once.
func (j *journal) takeRecovered(want func(recovered) bool) []outgoing {
	j.mu.Lock()
	defer j.log.release(&j.mu)
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
				j.write(j.recordOf(key, e))
			}
			return
		}
	}
}
