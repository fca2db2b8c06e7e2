package relay

import (
	"strings"
	"sync"
	"time"
)

const (
	// dayOfCommands is how many commands all persons together can have executed and remembered in one window of the
	// journal. They are shared: a person alone gets half, two a third each, and so on, as a rate. So nobody finds the
	// memory full, whoever filled it, and a person who has given too many waits for seconds.
	dayOfCommands = 65536
	lastingBurst  = 1000 // a person's commands that are executed and remembered at once

	handleBurst = 1000 // a person's messages about commands at once, each with an answer
	handleSec   = 20   // and a second, over a long time

	busyBurst = 100 // a person's messages that are answered busy at once; further ones get no answer
	busySec   = 10

	// maxPersons is how many persons are counted separately. All others of a hub together count as one. The users of this
	// gateway, who are in its config, are always counted separately, whatever names a hub comes with.
	maxPersons = 256
	// costUnit is how many bytes of an id and a value count as one more command.
	costUnit = 512
)

// allowances bound how many commands each person may give, so that nobody wears out the disk, fills the memory of
// commands or floods screens with results.
type allowances struct {
	window time.Duration // of the journal

	mu      sync.Mutex
	persons map[string]*allowance // only those who have used something of theirs
	swept   time.Time
}

// allowance is what one person has left.
type allowance struct {
	lasting, handle, busy float64
	at                    time.Time // when they were computed
	told                  bool      // the log says that the person gives too many
}

// of returns the allowance of a person at now; mu is held.
func (a *allowances) of(person string, now time.Time) *allowance {
	if now.Sub(a.swept) >= time.Second {
		a.sweep(now)
	}
	p := a.persons[person]
	if hub := strings.LastIndex(person, " ("); p == nil && hub >= 0 && len(a.persons) >= maxPersons {
		person = person[hub:]
		p = a.persons[person]
	}
	if p == nil {
		p = &allowance{lasting: lastingBurst, handle: handleBurst, busy: busyBurst, at: now}
		if a.persons == nil {
			a.persons = map[string]*allowance{}
		}
		a.persons[person] = p
	}
	a.refill(p, now)
	return p
}

// refill adds what a person has got back; mu is held.
func (a *allowances) refill(p *allowance, now time.Time) {
	s := now.Sub(p.at).Seconds()
	p.at = now
	share := dayOfCommands / float64(len(a.persons)+1)
	p.lasting = min(lastingBurst, p.lasting+share/a.window.Seconds()*s)
	p.handle = min(handleBurst, p.handle+handleSec*s)
	p.busy = min(busyBurst, p.busy+busySec*s)
}

// sweep forgets the persons who have all of theirs; mu is held.
func (a *allowances) sweep(now time.Time) {
	a.swept = now
	for person, p := range a.persons {
		a.refill(p, now)
		if p.lasting >= lastingBurst && p.handle >= handleBurst && p.busy >= busyBurst {
			delete(a.persons, person)
		}
	}
}

// take takes n from one part of an allowance, if there is as much.
func take(part *float64, n float64) bool {
	if *part < n {
		return false
	}
	*part -= n
	return true
}

// mayAsk reports whether a message of a person about a command may be handled.
func (a *allowances) mayAsk(person string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return take(&a.of(person, time.Now()).handle, 1)
}

// mayLast reports whether a command of a person may be executed and remembered.
func (a *allowances) mayLast(person string, bytes int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return take(&a.of(person, time.Now()).lasting, 1+float64(bytes)/costUnit)
}

// mayHear reports whether a message of a person that is not handled is answered busy. first means that it is the first
// one, until the person has all of the allowance back.
func (a *allowances) mayHear(person string) (answer, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.of(person, time.Now())
	first, p.told = !p.told, true
	return take(&p.busy, 1), first
}
