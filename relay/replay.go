package relay

import (
	"encoding/json"
	"errors"
	"maps"
	"time"

	"minirelay/relay/clock"
	"minirelay/relay/segment"
)

const (
	// keepNewest is how many commands of earlier runs of the machine are remembered whatever their age: the wall clock
	// may have been wrong then, or be wrong now. Of the time between, only how long the machine was running is certain.
	keepNewest = 4096
	// careEvery is the time between two looks at whether the journal is still there.
	careEvery = 10 * time.Second

	// A power cut leaves at most a torn end: the results of the last moment. Damage before a sound record is another
	// thing, and so is a long torn end. Of every command there are two records, so a little damage costs no id.
	littleDamage = 1 << 10 // bytes before a sound record
	longestStart = 2 << 10 // bytes of a file that has no sound record
	longestTear  = 2 << 10 // bytes behind the last sound record
	oneCommand   = 256     // bytes of the shortest command and its result: less is missing after a clean stop
)

var (
	errGone  = errors.New("its directory has disappeared")
	errDoubt = errors.New("a part of it is damaged")
)

// upAt returns the boot clock at t, a time with a monotonic reading, in milliseconds.
func (j *journal) upAt(t time.Time) int64 { return (j.look().Up - time.Since(t)).Milliseconds() }

// replayed is a command of the journal, with what its records say about its age.
type replayed struct {
	record
	ran  time.Duration // how long the machine had been running, counted over all its runs
	boot string        // the run
	file uint64
}

// replay collects what the journal holds, oldest first.
type replay struct {
	all    []replayed           // admitted or refused commands, oldest first
	newest map[commandKey]int   // where in all
	legacy map[[2]string]string // device by user and id, of a version that wrote it only once
	boot   string               // of the last mark
	up     time.Duration        // the latest boot clock of that run
	ran    time.Duration        // up to the last record
	file   uint64               // of the last mark
	known  struct {             // the last record about damage
		damage int64
		ran    time.Duration
	}
}

// take adds one record.
func (p *replay) take(payload []byte) {
	var r record
	if json.Unmarshal(payload, &r) != nil {
		return // it has a valid checksum, so a newer version wrote it
	}
	if r.isMark() {
		p.takeMark(r)
		return
	}
	ran := p.at(r.Up)
	if pair := [2]string{r.User, r.ID}; r.Device == "" && r.Topic != "" {
		r.Device = deviceOfTopic(r.Topic)
		p.legacy[pair] = r.Device
	} else if r.Device == "" {
		r.Device = p.legacy[pair]
	}
	key := r.key()
	if at, seen := p.newest[key]; seen && r.Result != nil && !r.Refused {
		p.all[at].Result = r.Result
		return
	}
	// An id that is in here already had outlived the window when it came again: this is another command. Or nothing of
	// the command was written in the end.
	p.newest[key] = len(p.all)
	p.all = append(p.all, replayed{r, ran, p.boot, p.file})
}

func (p *replay) takeMark(r record) {
	if r.File > 0 {
		p.file = r.File
		if r.Boot == "" || r.Boot != p.boot {
			p.boot, p.up = r.Boot, time.Duration(r.Up)*time.Millisecond
		}
	}
	ran := p.at(r.Up)
	if r.Damage > 0 {
		p.known.damage, p.known.ran = r.Damage, ran
	}
}

// at returns the running time of a record by its boot clock. A record may be about something earlier.
func (p *replay) at(up int64) time.Duration {
	at := time.Duration(up) * time.Millisecond
	if at > p.up {
		p.ran += at - p.up
		p.up = at
	}
	return p.ran - (p.up - at)
}

// open reads the journal; mu is held, or no other goroutine knows j yet. It may be called again after an error.
// Whatever could be read counts even if nothing can be written.
func (j *journal) open() error {
	p := &replay{newest: map[commandKey]int{}, legacy: map[[2]string]string{}}
	records, report, err := segment.Open(j.dir, journalFile, p.take)
	if errors.Is(err, segment.ErrLocked) {
		return err
	}
	now := j.look()
	again := p.boot != "" && p.boot == now.Boot
	if again {
		p.at(now.Up.Milliseconds())
	}
	j.records, j.dropped = records, 0
	if records != nil {
		files := records.Files()
		j.file = files[len(files)-1].Number
		j.marked = again && p.file == j.file
		if !j.marked { // at once: the machine's running time counts from here
			_, failed := j.append(j.mark(j.file))
			j.marked = failed == nil // else put tries again
		}
		records.Begin(j.beginFile)
	}
	ours := maps.Clone(j.entries)
	ages := p.ages(now)
	for i, r := range p.all {
		if p.newest[r.key()] == i {
			j.load(r, ages[i])
		}
	}
	j.judge(report, p)
	if err == nil {
		err = j.rewrite(ours, p)
	}
	return err
}

// ages returns how long ago each record was written, or at least was: for how long the machine has been running since.
// The wall clock is asked only about what is neither of this run nor among the newest.
func (p *replay) ages(now clock.Instant) []time.Duration {
	ages := make([]time.Duration, len(p.all))
	newer := 0
	for i := len(p.all) - 1; i >= 0; i-- {
		r := &p.all[i]
		ages[i] = max(p.ran-r.ran, 0)
		if r.Refused || p.newest[r.key()] != i {
			continue
		}
		newer++
		if thisRun := r.boot != "" && r.boot == now.Boot; !thisRun && newer > keepNewest {
			ages[i] = max(ages[i], now.Wall.Sub(time.UnixMilli(r.At)))
		}
	}
	return ages
}

// load restores the journal's record of one command; mu is held.
func (j *journal) load(r replayed, age time.Duration) {
	key := r.key()
	old, there := j.entries[key]
	if age > j.window || there && (!old.refused || r.Refused) {
		return
	}
	if there {
		j.dropRefusal(key) // it was answered while the disk could not be read
	}
	e := entry{result: r.Result, at: time.Now().Add(-age), file: r.file, refused: r.Refused}
	if r.Refused {
		j.keepRefusal(key, e)
		return
	}
	j.remember(key, e)
	if e.result == nil {
		j.recover(key, r.record, age)
	}
}

// recover gives a command that a crash left without a result its final one. It is written when it is reported, so
// that a second crash before that does not lose the report.
func (j *journal) recover(key commandKey, r record, age time.Duration) {
	j.log.Warn("the gateway stopped during a command; its result is unknown", "id", r.ID, "command", r.Name, "by", r.User)
	e := j.entries[key]
	e.result = appendResult(nil, report{id: r.ID, command: r.Name, value: r.Value, by: r.User, took: age, at: time.Now()},
		Unknown("the gateway was stopped while this command was on its way; check the device before you try again"))
	j.entries[key] = e
	j.recovered = append(j.recovered, recovered{key, r.Topic, e.result})
}

// judge decides whether commands may be missing from what was read; mu is held. Then no command is accepted until
// every one that may be missing has outlived the window: it could be a repetition.
func (j *journal) judge(report segment.Report, p *replay) {
	damage := damageOf(report)
	if damage == 0 && p.known.damage == 0 {
		if report.Bad > 0 {
			j.log.Warn("the command journal ended in a torn record, as after a power cut", "bytes", report.Bad)
		}
		return
	}
	left := j.window
	if damage > p.known.damage {
		j.noteDamage(damage)
	} else {
		left -= p.ran - p.known.ran
	}
	if left <= 0 {
		return
	}
	j.doubt = time.Now().Add(left)
	j.log.Error("commands are refused: a part of the command journal is damaged, so a repeated command would not be recognised; "+
		"they are accepted again at the given time, or at once if you stop the gateway, delete the directory and start it again",
		"dir", j.dir, "until", j.doubt.Format(time.DateTime))
}

// damageOf returns how many bytes of sound records may be missing; 0: at most what a power cut takes.
func damageOf(report segment.Report) (damage int64) {
	if report.Inside > littleDamage {
		damage += report.Inside
	}
	if report.Blank > longestStart {
		damage += report.Blank
	}
	if report.Tail > longestTear {
		damage += report.Tail
	}
	if report.Gap {
		damage++
	}
	if report.Lost > oneCommand { // no power was cut
		damage = max(damage, report.Lost)
	}
	return damage
}

// noteDamage makes a later start know since when commands are refused; mu is held.
func (j *journal) noteDamage(damage int64) {
	if j.records == nil {
		return
	}
	now := j.look()
	n, err := j.put(record{Damage: damage, At: now.Wall.UnixMilli(), Up: now.Up.Milliseconds()})
	if err == nil {
		err = j.records.Sync(n)
	}
	if err != nil {
		j.fail(err)
	}
}

// rewrite writes the commands of this run that the journal does not hold, because it is another one than before; mu is
// held.
func (j *journal) rewrite(ours map[commandKey]entry, p *replay) error {
	var n uint64
	missing := 0
	save := func(key commandKey) error {
		e, known := ours[key]
		if at, there := p.newest[key]; !known || there && (p.all[at].Result != nil || e.result == nil) {
			return nil
		}
		r := j.recordOf(key, e)
		if e.pending != nil {
			r = *e.pending
		}
		var err error
		if n, err = j.put(r); err != nil {
			return err
		}
		missing++
		e = j.entries[key]
		e.file = j.file
		j.entries[key] = e
		return nil
	}
	for _, key := range j.order {
		if err := save(key); err != nil {
			return j.giveUp(err)
		}
	}
	for _, keys := range j.refused {
		for _, key := range keys {
			if err := save(key); err != nil {
				return j.giveUp(err)
			}
		}
	}
	if missing == 0 {
		return nil
	}
	if err := j.records.Sync(n); err != nil {
		return j.giveUp(err)
	}
	j.unsaved = nil // they are among them
	j.log.Info("the command journal was written again from memory", "dir", j.dir, "commands", missing)
	return nil
}

// giveUp closes a journal that lacks commands of this run; mu is held.
func (j *journal) giveUp(err error) error {
	err = errors.Join(err, j.records.Close())
	j.records = nil
	return err
}

// usable makes sure that the journal is open and still there; mu is held. A directory that has disappeared is made
// again, and everything remembered is written to it before any further command is accepted.
func (j *journal) usable() error {
	if j.records != nil && !j.records.Gone() {
		return nil
	}
	if j.records != nil {
		j.log.Error("the directory of the command journal has disappeared; it is made again", "dir", j.dir)
		_ = j.records.Close() // of files that nobody can find any more
		j.records = nil
	}
	return j.open()
}

// tend looks from time to time whether the journal is still there: it must not be found missing at the next start.
func (j *journal) tend() {
	j.mu.Lock()
	defer j.log.release(&j.mu)
	if j.closed {
		return
	}
	closed := j.records == nil
	if err := j.usable(); err != nil {
		j.fail(err)
	} else if closed {
		j.works()
	}
	j.care.Reset(careEvery)
}
