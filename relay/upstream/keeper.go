package upstream

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"minirelay/relay/segment"
)

// cursorEvery is how many acknowledgements are recorded at once.
const cursorEvery = 64

// openOutbox opens both queues, as far as the disk allows. An error means that another process has them open.
func (u *Upstream) openOutbox() error {
	now := u.look()
	for _, q := range []*queue{u.readings, u.outcomes} {
		report, err := q.open(now)
		if errors.Is(err, segment.ErrLocked) {
			return errors.Join(err, u.closeOutbox())
		}
		q.start(now)
		u.diskFails(err)
		if report.Bad > 0 {
			u.log.Warn("the outbox ended in a torn record, as after a power cut", "dir", q.dir, "bytes", report.Bad)
		}
		if n := q.waiting(); n > 0 {
			u.log.Info("messages from before wait in the outbox", "dir", q.dir, "messages", n)
		}
	}
	return nil
}

func (u *Upstream) closeOutbox() error {
	u.readings.closeReader()
	u.outcomes.closeReader()
	return errors.Join(u.readings.close(), u.outcomes.close())
}

// keep is the keeper's goroutine, the only one that writes to the outbox.
func (u *Upstream) keep() {
	tidy := time.NewTicker(u.timing.tidy)
	defer tidy.Stop()
	k := &keeper{Upstream: u, opened: time.Now()}
	for {
		select {
		case <-u.work:
			k.store()
		case <-k.due():
			k.sync()
		case <-tidy.C:
			k.tidy()
		case <-u.quit:
			k.store()
			k.saveCursors(1)
			k.sync()
			return
		}
		k.saveCursors(cursorEvery)
	}
}

// keeper is the state of the keeper's goroutine alone.
type keeper struct {
	*Upstream
	unsynced [2]uint64   // newest record of each queue without an fsync after it; 0: none
	flush    *time.Timer // nil: nothing is unsynced
	opened   time.Time   // when opening was last tried
	doubtful bool        // the last fsync failed
}

func (k *keeper) queues() [2]*queue { return [2]*queue{k.readings, k.outcomes} }

// due delivers a token when it is time for an fsync.
func (k *keeper) due() <-chan time.Time {
	if k.flush == nil {
		return nil
	}
	return k.flush.C
}

// store writes all messages that have arrived.
func (k *keeper) store() {
	for {
		k.mu.Lock()
		batch := k.intake
		k.intake, k.spare = k.spare[:0], nil
		k.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		now := k.look()
		for _, q := range k.queues() {
			q.noteClock(now)
		}
		items := make([]*item, 0, len(batch))
		for n, a := range batch {
			if a.payload != nil {
				items = append(items, k.write(a))
			} else {
				items = append(items, &item{topic: a.route.topic, full: a.route.full(&k.config), retain: true})
			}
			batch[n] = arrival{}
		}
		if k.config.Sync == "always" {
			k.sync()
		}
		k.give(items, now)
		k.mu.Lock()
		if cap(batch) <= maxIntake/8 {
			k.spare = batch[:0]
		}
		k.mu.Unlock()
	}
}

// write puts one message on the disk, if the disk accepts it.
func (k *keeper) write(a arrival) *item {
	n := 0
	if a.route.class == outcome {
		n = 1
	}
	q := k.queues()[n]
	i := q.newItem(a.route.topic, a.payload)
	i.full = a.route.full(&k.config)
	i.retain = a.route.class == reading
	record, err := q.keep(i)
	if err != nil {
		k.diskFails(err)
		return i
	}
	if !k.doubtful {
		k.diskWorks()
	}
	k.unsynced[n] = record
	if k.flush == nil {
		k.flush = time.NewTimer(k.timing.sync)
	}
	return i
}

// give hands messages that are on the disk to the connection, if there is one.
func (k *keeper) give(items []*item, now instant) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, i := range items {
		if i.queue == nil {
			k.setCurrentLocked(i)
			delete(k.newest, i.full)
			continue
		}
		k.counts.Taken++
		right := plausible(now.Wall)
		k.counts.Lost += i.queue.offer(i, k.session != nil && right)
		if i.queue != k.readings {
			continue
		}
		if !right { // the screen should show it now; it counts as a reading once its time is known
			k.setCurrentLocked(&item{topic: i.topic, full: i.full, payload: i.payload, retain: true, unset: true})
			continue
		}
		delete(k.current, i.full)
		k.newest[i.full] = i
	}
	signal(k.wake)
}

// sync makes the written messages safe. Messages left in doubt by a failed fsync are sent all the same, if the
// connection takes them before the power goes.
func (k *keeper) sync() {
	if k.flush != nil {
		k.flush.Stop()
		k.flush = nil
	}
	for n, q := range k.queues() {
		if record := k.unsynced[n]; record != 0 {
			k.unsynced[n] = 0
			err := q.log.Sync(record)
			k.doubtful = err != nil
			k.diskFails(err)
		}
	}
}

// saveCursors records the acknowledgements, in queues that have had enough of them.
func (k *keeper) saveCursors(acked uint64) {
	for _, q := range k.queues() {
		q.mu.Lock()
		due := q.acked >= acked
		q.mu.Unlock()
		if !due || q.log == nil {
			continue
		}
		if err := q.saveCursor(); err != nil {
			k.diskFails(err)
		}
	}
}

// tidy does the periodic work: cursors, bounds, the clock, and a disk that was away.
func (k *keeper) tidy() {
	now := k.look()
	again := time.Since(k.opened) >= k.timing.reopen
	if again {
		k.opened = time.Now()
	}
	for _, q := range k.queues() {
		if q.log == nil && again {
			_, err := q.open(now)
			k.diskFails(err)
		}
		q.noteClock(now)
	}
	k.saveCursors(1)
	lost, err := k.enforce(now)
	if err != nil {
		k.diskFails(fmt.Errorf("an old file of the outbox could not be deleted: %w", err))
	}
	k.noteLoss(lost)
	size := k.readings.size() + k.outcomes.size()
	k.mu.Lock()
	k.counts.Bytes = size
	k.mu.Unlock()
	k.noteFault(k.published.save())
	k.tryAgain()
	signal(k.wake) // the clock may have been set
	k.compareClocks(hubCompare)
	k.tell()
}

// tell notifies the handler of changes, at a limited rate so that a flapping one does not flood it.
func (k *keeper) tell() {
	k.mu.Lock()
	news := k.news
	k.news = false
	k.mu.Unlock()
	if news {
		k.handler.Changed()
	}
}

// enforce keeps the outbox within its bounds: readings are dropped first.
func (k *keeper) enforce(now instant) (lost loss, err error) {
	if plausible(now.Wall) {
		before := now.Wall.Add(-k.config.OutboxAge)
		for _, q := range k.queues() {
			n, err := q.dropAged(before)
			lost.aged += n
			if err != nil {
				return lost, err
			}
		}
	}
	for k.readings.size()+k.outcomes.size() > int64(k.config.OutboxMB)<<20 {
		n, ok, err := k.readings.dropOldest()
		if !ok && err == nil {
			n, ok, err = k.outcomes.dropOldest()
		}
		lost.crowded += n
		if !ok || err != nil {
			return lost, err
		}
	}
	return lost, nil
}

// loss counts the messages dropped by the bounds.
type loss struct{ aged, crowded uint64 }

func (k *keeper) noteLoss(lost loss) {
	if lost == (loss{}) {
		return
	}
	k.mu.Lock()
	k.counts.Lost += lost.aged + lost.crowded
	k.mu.Unlock()
	k.log.Warn("messages that were not delivered have been dropped from the outbox", "too old", lost.aged,
		"no room", lost.crowded, "outbox_mb", k.config.OutboxMB, "outbox_age", k.config.OutboxAge)
}

// diskFails records an error of the disk, if it is one, and logs the first.
func (u *Upstream) diskFails(err error) {
	if err == nil {
		return
	}
	u.mu.Lock()
	known := u.status.Disk != ""
	if !known {
		u.status.Disk = diskTrouble(err)
		u.news = true
	}
	u.mu.Unlock()
	if known {
		return
	}
	u.log.Error("the outbox takes nothing; messages go up as long as there is a connection, and wait in memory only",
		"dir", u.config.Dir, "error", err)
}

// diskWorks records that the disk has accepted a message.
func (u *Upstream) diskWorks() {
	u.mu.Lock()
	failed := u.status.Disk != ""
	if failed {
		u.status.Disk = ""
		u.news = true
	}
	u.mu.Unlock()
	if failed {
		u.log.Info("the outbox takes messages again", "dir", u.config.Dir)
	}
}

// diskTrouble describes an error of the disk in words that are safe to show.
func diskTrouble(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "the disk is full"
	case errors.Is(err, syscall.EROFS):
		return "the disk is read-only"
	case errors.Is(err, os.ErrPermission):
		return "the outbox may not be written to"
	}
	return "the outbox cannot be written to the disk"
}
