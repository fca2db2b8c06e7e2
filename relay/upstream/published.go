package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// published are the topics on which the upstream may hold a retained message of this gateway. They are on the disk
// before the first message goes out: a device that is taken out of the config while the gateway is down would otherwise
// stay at the upstream for ever, after a power cut as online with its old value.
type published struct {
	dir, base string

	mu     sync.Mutex      // guards everything below, and the file
	topics map[string]bool // at the upstream
	dirty  bool            // the file says less, or more
}

// publishedFile is the content of the file. It is of no use with another base: the topics of a gateway that has another
// id now may be those of another gateway.
type publishedFile struct {
	Base   string   `json:"base"`
	Topics []string `json:"topics"`
}

const (
	maxPublished      = 1 << 15 // topics that are remembered
	maxPublishedBytes = 8 << 20 // of a file that is read
)

func (p *published) path() string { return filepath.Join(p.dir, "published.json") }

// openPublished reads the file of an earlier run. After an error nothing is known of that run.
func openPublished(c *Config) (*published, error) {
	p := &published{dir: c.Dir, base: c.base(), topics: map[string]bool{}}
	info, err := os.Stat(p.path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return p, err
	case info.Size() > maxPublishedBytes:
		return p, fmt.Errorf("%s has %d bytes", p.path(), info.Size())
	}
	text, err := os.ReadFile(p.path())
	if err != nil {
		return p, err
	}
	var file publishedFile
	if err := json.Unmarshal(text, &file); err != nil {
		return p, fmt.Errorf("%s: %w", p.path(), err)
	}
	if file.Base == p.base {
		for _, topic := range file.Topics {
			p.topics[topic] = true
		}
	}
	return p, nil
}

// has reports whether a topic is remembered.
func (p *published) has(topic string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.topics[topic]
}

// add remembers topics. When it returns nil, they are on the disk.
func (p *published) add(topics []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, topic := range topics {
		if !p.topics[topic] && len(p.topics) < maxPublished {
			p.topics[topic], p.dirty = true, true
		}
	}
	return p.saveLocked()
}

// remove forgets a topic that is empty at the upstream. The file follows later: a topic may well be emptied twice.
func (p *published) remove(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.topics[topic] {
		delete(p.topics, topic)
		p.dirty = true
	}
}

// all are the remembered topics, in order.
func (p *published) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.topics))
}

// save writes the file if it is not up to date.
func (p *published) save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saveLocked()
}

// saveLocked writes a file that is whole or as it was before, also after a power cut.
func (p *published) saveLocked() error {
	if !p.dirty {
		return nil
	}
	text, err := json.Marshal(publishedFile{p.base, slices.Sorted(maps.Keys(p.topics))})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	temp := p.path() + "~"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(temp, p.path())
	}
	if err != nil {
		_ = os.Remove(temp)
		return err
	}
	dir, err := os.Open(p.dir)
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	p.dirty = err != nil
	return err
}

// noteFault logs once that the file cannot be written, until it can be again. Messages go up all the same.
func (u *Upstream) noteFault(err error) {
	u.mu.Lock()
	before := u.forgetful
	u.forgetful = err != nil
	u.mu.Unlock()
	if err != nil && !before {
		u.log.Warn("the devices at the upstream cannot be noted on the disk; one that is taken out while the gateway is down stays there",
			"dir", u.config.Dir, "error", err)
	}
}

// remember makes sure that the topic of a message that the upstream will retain is on the disk, with those of all others
// that are about to follow.
func (u *Upstream) remember(i *item) {
	if !i.retain || len(i.payload) == 0 || u.published.has(i.full) {
		return
	}
	topics := []string{i.full}
	u.mu.Lock()
	for full, other := range u.current {
		if other.retain && len(other.payload) > 0 {
			topics = append(topics, full)
		}
	}
	for full := range u.newest {
		topics = append(topics, full)
	}
	u.mu.Unlock()
	u.noteFault(u.published.add(topics))
}

// Sweep empties the topics that an earlier run has left at the upstream and that nobody publishes any more: those of
// devices that are not among the gateway's devices now, and those that the config does not send. It is called once,
// after [Start].
func (u *Upstream) Sweep(devices []string) {
	left := u.published.all()
	var swept []string
	u.mu.Lock()
	for _, full := range left {
		topic := strings.TrimPrefix(full, u.config.prefix())
		r := u.config.routeOf(topic)
		kept := r.class != dropped && r.full(&u.config) == full && (r.device == "" || slices.Contains(devices, r.device))
		if kept || u.current[full] != nil || u.newest[full] != nil {
			continue
		}
		u.setCurrentLocked(&item{topic: topic, full: full, retain: true})
		swept = append(swept, full)
	}
	u.mu.Unlock()
	if len(swept) > 0 {
		u.log.Info("topics of an earlier configuration are emptied at the upstream", "topics", strings.Join(swept, " "))
	}
}
