package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	keepEvery = time.Minute     // at most so often the file is written
	keepLook  = 5 * time.Second // a change waits so long at least
	keepMost  = 1024            // meters in the file, those with the longest waits
	keepBytes = 4 << 20         // of a file that is read
)

// kept is the file that outlives a restart: the phones that are known, so that guessing cannot keep them out, and the
// places that have to wait, so that a restart does not help a guesser. Names and addresses are in it as keyed digests
// only.
type kept struct {
	Key    []byte      `json:"key"`
	Phones [][4][]byte `json:"phones"` // the one that was here last at the end
	Waits  []keptMeter `json:"waits"`
}

// keptMeter is a meter. Its times are ages in milliseconds, since the clock may be wrong after a restart: the time in
// which the gateway was off does not count.
type keptMeter struct {
	Key    []byte `json:"key"`
	Kind   kind   `json:"kind"`
	Level  int    `json:"level"`
	Last   int64  `json:"last"`
	Leaked int64  `json:"leaked"`
}

// keepFile is the file in a data directory; "" if there is none.
func keepFile(dataDir string) string {
	if dataDir == "" {
		return ""
	}
	return filepath.Join(dataDir, "logins.json")
}

// recall reads the file. Without it everybody is new, which is no more than a nuisance.
func (p *passwords) recall(file string) error {
	info, err := os.Stat(file)
	switch {
	case file == "" || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Size() > keepBytes:
		return fmt.Errorf("%s has %d bytes", file, info.Size())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(k.Key) != len(p.key) {
		return fmt.Errorf("%s has no key", file)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = k.Key
	for _, parts := range k.Phones {
		var one phone
		whole := true
		for i, to := range []*digest{&one.here, &one.id, &one.home, &one.user} {
			whole = copy(to[:], parts[i]) == len(to) && whole
		}
		if whole {
			p.phones.remember(one)
		}
	}
	now := time.Now()
	for _, w := range k.Waits {
		var key digest
		if copy(key[:], w.Key) != len(key) || w.Kind >= kinds || w.Level < 1 || w.Level > 1000 || len(p.meters) >= maxMeters {
			continue
		}
		age := func(ms int64) time.Time { return now.Add(-min(time.Duration(max(ms, 0))*time.Millisecond, time.Hour)) }
		p.meters[key] = &meter{kind: w.Kind, level: w.Level, last: age(w.Last), leaked: age(w.Leaked)}
	}
	return nil
}

// keptLocked returns the content of the file.
func (p *passwords) keptLocked(now time.Time) kept {
	k := kept{Key: p.key, Phones: [][4][]byte{}, Waits: []keptMeter{}}
	for _, one := range p.phones.all() {
		k.Phones = append(k.Phones, [4][]byte{one.here[:], one.id[:], one.home[:], one.user[:]})
	}
	for key, m := range p.meters {
		if m.settle(now); m.level > 0 {
			k.Waits = append(k.Waits, keptMeter{Key: key[:], Kind: m.kind, Level: m.level,
				Last: now.Sub(m.last).Milliseconds(), Leaked: now.Sub(m.leaked).Milliseconds()})
		}
	}
	slices.SortFunc(k.Waits, func(a, b keptMeter) int { return b.Level - a.Level })
	k.Waits = k.Waits[:min(len(k.Waits), keepMost)]
	return k
}

// keep writes the file if anything has changed. It reports whether it tried.
func (p *passwords) keep(file string) (tried bool, err error) {
	p.mu.Lock()
	if file == "" || !p.tally.changed {
		p.mu.Unlock()
		return false, nil
	}
	k := p.keptLocked(time.Now())
	p.tally.changed = false
	p.mu.Unlock()
	text, err := json.Marshal(k)
	if err == nil {
		err = replaceFile(file, text)
	}
	if err != nil {
		p.mu.Lock()
		p.tally.changed = true
		p.mu.Unlock()
	}
	return true, err
}

// replaceFile writes a file that is either whole or as it was before.
func replaceFile(file string, text []byte) error {
	f, err := os.OpenFile(file+"~", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(file+"~", file)
	}
	if err != nil {
		_ = os.Remove(file + "~")
	}
	return err
}

// keepLogins counts by minutes and writes the file, at most once in keepEvery, until the broker stops.
func (b *Broker) keepLogins(file string) {
	defer b.running.Done()
	begun := time.Now()
	minute, written := begun, begun.Add(-keepEvery)
	failed := false
	write := func(log *slog.Logger) bool {
		done, err := b.passwords.keep(file)
		if err != nil && !failed {
			log.Warn("logins cannot be remembered over a restart", "error", err)
		}
		failed = err != nil
		return done
	}
	for b.sleep(keepLook) {
		now := time.Now()
		if now.Sub(minute) >= time.Minute {
			minute = now
			b.passwords.endMinute(b.log)
		}
		if now.Sub(written) >= keepEvery && write(b.log) {
			written = now
		}
	}
	b.passwords.endMinute(b.log)
	write(b.log)
}
