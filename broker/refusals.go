package broker

import (
	"log/slog"
	"sync"
	"time"
)

const (
	refusalEvery = time.Minute // one line for the same refusal of the same user from the same address
	maxRefusals  = 256         // kinds remembered; beyond them all are forgotten, and may be logged again
)

// refusals logs refused requests, without letting a stranger fill the disk with lines.
type refusals struct {
	counts tally // by the thing refused

	mu   sync.Mutex
	last map[string]time.Time
	line int       // in this minute
	full time.Time // when the minute began
}

const refusalLines = 60 // per refusalEvery, from all clients together

func newRefusals() *refusals { return &refusals{last: map[string]time.Time{}} }

func (r *refusals) log(log *slog.Logger, what, user string, c *conn, more ...any) {
	r.logFrom(log, what, user, c.host, c.remote, more...)
}

// logFrom is log for a source without an MQTT connection. remote is the address with its port.
func (r *refusals) logFrom(log *slog.Logger, what, user, host, remote string, more ...any) {
	r.counts.add(what)
	if !r.due(what+"\x00"+user+"\x00"+host, time.Now()) {
		return
	}
	log.Warn(what, append([]any{"user", clip(user), "from", remote}, more...)...)
}

// often is logFrom for a refusal that may come from many places at once: one line of them all in refusalEvery.
func (r *refusals) often(log *slog.Logger, what, user, remote string) {
	r.counts.add(what)
	if r.due(what, time.Now()) {
		log.Warn(what, "user", clip(user), "from", remote)
	}
}

func (r *refusals) due(key string, now time.Time) bool { return r.dueAfter(key, now, refusalEvery) }

// dueAfter reports whether a line may be written that was not written for so long.
func (r *refusals) dueAfter(key string, now time.Time, every time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.last[key]; ok && now.Sub(at) < every {
		return false
	}
	if now.Sub(r.full) >= refusalEvery {
		r.full, r.line = now, 0
	}
	if r.line++; r.line > refusalLines {
		return false
	}
	if len(r.last) >= maxRefusals {
		clear(r.last)
	}
	r.last[key] = now
	return true
}

// clip bounds strings that strangers send.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
