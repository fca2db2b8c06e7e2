package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"minirelay/relay"
	"minirelay/relay/upstream"
	"minirelay/status"
)

// goodbyeTime is how long an upstream may take to send its last messages.
const goodbyeTime = 2 * time.Second

// upstreams are the running upstreams. Only one goroutine changes them: the one that starts, reloads and stops the
// gateway.
type upstreams struct {
	relay *relay.Relay
	who   instance
	log   *slog.Logger

	mu      sync.Mutex // guards running
	running []*upstream.Upstream
	stale   chan struct{} // holds a token when a condition has changed
	quit    chan struct{}
	done    sync.WaitGroup
}

func newUpstreams(r *relay.Relay, who instance, log *slog.Logger) *upstreams {
	u := &upstreams{relay: r, who: who, log: log, stale: make(chan struct{}, 1), quit: make(chan struct{})}
	u.done.Go(u.report)
	return u
}

// apply changes the running upstreams to all, for a gateway with those devices. It does not disturb an upstream whose
// config is unchanged. After an error some may be missing.
func (u *upstreams) apply(all []upstream.Config, devices []string) error {
	all = slices.Clone(all)
	for i := range all {
		all[i].Instance = u.who.String()
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	u.mu.Lock()
	before := u.running
	u.mu.Unlock()
	var kept, over []*upstream.Upstream
	for _, old := range before {
		same := slices.ContainsFunc(all, func(c upstream.Config) bool { return c.Equal(old.Config()) })
		if same {
			kept = append(kept, old)
			continue
		}
		if n := slices.IndexFunc(all, func(c upstream.Config) bool { return c.ID == old.Config().ID }); n >= 0 {
			old.Withdraw(all[n])
		}
		over = append(over, old)
	}
	errs := []error{u.end(ctx, over)}
	var now []*upstream.Upstream
	for _, c := range all {
		if n := slices.IndexFunc(kept, func(k *upstream.Upstream) bool { return k.Config().ID == c.ID }); n >= 0 {
			now = append(now, kept[n])
			continue
		}
		started, err := u.start(c, devices)
		if err != nil {
			errs = append(errs, fmt.Errorf("upstream %s: %w", c.ID, err))
			continue
		}
		now = append(now, started)
	}
	u.mu.Lock()
	u.running = now
	u.mu.Unlock()
	u.changed()
	return errors.Join(errs...)
}

func (u *upstreams) start(c upstream.Config, devices []string) (*upstream.Upstream, error) {
	h := &inlet{upstreams: u, id: c.ID, user: "upstream:" + c.ID, ready: make(chan struct{})}
	started, err := upstream.Start(c, h, u.log)
	if err != nil {
		return nil, err
	}
	h.via = started
	close(h.ready)
	started.Sweep(devices)
	u.relay.Join(started)
	u.relay.Report(h.speaksFor) // results of commands that a crash interrupted
	return started, nil
}

// end closes upstreams, all at the same time.
func (u *upstreams) end(ctx context.Context, over []*upstream.Upstream) error {
	errs := make([]error, len(over))
	var closing sync.WaitGroup
	for n, old := range over {
		closing.Go(func() {
			u.relay.Leave(old)
			errs[n] = old.Close(ctx)
		})
	}
	closing.Wait()
	return errors.Join(errs...)
}

// stop ends all upstreams. The relay has already sent its last messages.
func (u *upstreams) stop(ctx context.Context) error {
	close(u.quit)
	u.done.Wait()
	ctx, cancel := context.WithTimeout(ctx, goodbyeTime)
	defer cancel()
	u.mu.Lock()
	over := u.running
	u.running = nil
	u.mu.Unlock()
	return u.end(ctx, over)
}

// changed requests that the conditions be published.
func (u *upstreams) changed() {
	select {
	case u.stale <- struct{}{}:
	default:
	}
}

// report publishes the conditions of the upstreams, whenever one has changed.
func (u *upstreams) report() {
	for {
		select {
		case <-u.stale:
			u.relay.SetUpstreams(u.conditions())
		case <-u.quit:
			return
		}
	}
}

func (u *upstreams) conditions() []relay.Upstream {
	u.mu.Lock()
	running := slices.Clone(u.running)
	u.mu.Unlock()
	var all []relay.Upstream
	for _, up := range running {
		s := up.Status()
		all = append(all, relay.Upstream{ID: up.Config().ID, State: string(s.Code), Message: s.Message,
			Since: s.Since.UnixMilli(), Disk: s.Disk})
	}
	return all
}

// status returns the current conditions and counters.
func (u *upstreams) status() []status.Upstream {
	u.mu.Lock()
	running := slices.Clone(u.running)
	u.mu.Unlock()
	all := []status.Upstream{}
	for _, up := range running {
		s, c := up.Status(), up.Counts()
		all = append(all, status.Upstream{Upstream: up.Config().ID, URL: up.Config().Address(), State: string(s.Code), Message: s.Message,
			Since: s.Since.UnixMilli(), Disk: s.Disk, Waiting: s.Waiting, Size: uint64(c.Bytes), Taken: c.Taken, Delivered: c.Delivered,
			Replayed: c.Replayed, Lost: c.Lost, Damaged: c.Damaged, Overrun: c.Overrun, Inward: c.Inward, Crowded: c.Crowded,
			Dropped: c.Dropped, Unasked: c.Unasked})
	}
	return all
}

// inlet passes the messages of an upstream to the relay. The user of a command is the upstream itself: its broker is
// responsible for the users behind it. A hub names them.
type inlet struct {
	upstreams *upstreams
	id        string // of the upstream
	user      string
	ready     chan struct{} // closed once via is set
	via       *upstream.Upstream
}

func (h *inlet) Handle(m upstream.Message, crowded bool) {
	<-h.ready
	message := relay.Message{Topic: m.Topic, Payload: m.Payload, Retain: m.Retain, Dup: m.Dup, User: h.user,
		Client: h.via.Config().ID, Via: h.via, Received: m.Received, Arrived: m.Arrived}
	if m.Person != "" {
		message.User, message.Vouched = m.Person+h.behind(), m.Role
	}
	if crowded {
		h.upstreams.relay.Busy(message)
		return
	}
	h.upstreams.relay.Handle(message)
}

// behind is what follows the name of a person of a hub. No user here has such a name.
func (h *inlet) behind() string { return " (" + h.id + ")" }

// speaksFor reports whether a user sends commands by this way.
func (h *inlet) speaksFor(user string) bool {
	return user == h.user || strings.HasSuffix(user, h.behind())
}

func (h *inlet) Changed() { h.upstreams.changed() }
