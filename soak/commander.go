package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// commandEvery is the time between two commands.
const commandEvery = 50 * time.Millisecond

// commander sends commands and keeps their results.
type commander struct {
	client mqtt.Client
	fleet  *fleet

	mu     sync.Mutex
	orders map[string]*order
	ends   map[string]int // results by status and code
	wrong  []string
}

// order is one command with an id of its own.
type order struct {
	board, n int
	tooLate  bool // it had expired when it was sent
	status   string
	first    string // result, without "repeat"
	repeats  int
}

func newCommander(g *gateway, fleet *fleet) (*commander, error) {
	c := &commander{fleet: fleet, orders: map[string]*order{}, ends: map[string]int{}}
	var err error
	if c.client, err = dial(g, "commander", "commander", func(err error) { c.fault("the commander was disconnected: %v", err) }); err != nil {
		return nil, err
	}
	token := c.client.Subscribe("minirelay/soak/+/result", 1, c.take)
	if !token.WaitTimeout(time.Minute) || token.Error() != nil {
		return nil, fmt.Errorf("subscribe: %w", token.Error())
	}
	return c, nil
}

// run sends commands until ctx ends: most of them new, some repeated, some too late.
func (c *commander) run(ctx context.Context, fleet *fleet) {
	tick := time.NewTicker(commandEvery)
	defer tick.Stop()
	var given []string
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if len(given) > 20 && rand.IntN(10) == 0 {
			c.again(given[rand.IntN(len(given))])
			continue
		}
		id := fmt.Sprintf("c-%d", n)
		o := &order{board: rand.IntN(len(fleet.boards)), n: n, tooLate: rand.IntN(50) == 0}
		c.mu.Lock()
		c.orders[id] = o
		c.mu.Unlock()
		c.give(id, o)
		if given = append(given, id); len(given) > 1000 {
			given = given[500:]
		}
	}
}

func (c *commander) give(id string, o *order) {
	expires := time.Now().Add(10 * time.Second)
	if o.tooLate {
		expires = time.Now().Add(-time.Minute)
	}
	payload := fmt.Sprintf(`{"id":%q,"command":"set","value":%d,"expires":%d}`, id, o.n, expires.UnixMilli())
	c.client.Publish("minirelay/soak/"+c.fleet.name(o.board)+"/command", 1, false, payload)
}

// again repeats a command, like a phone that has not received an answer.
func (c *commander) again(id string) {
	c.mu.Lock()
	o := c.orders[id]
	c.mu.Unlock()
	c.give(id, o)
}

func (c *commander) take(_ mqtt.Client, m mqtt.Message) {
	var r struct {
		ID, Status, Code string
		Repeat           bool
	}
	if err := json.Unmarshal(m.Payload(), &r); err != nil {
		c.fault("%s: %s", m.Topic(), m.Payload())
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.orders[r.ID]
	text := strings.Replace(string(m.Payload()), `,"repeat":true`, "", 1)
	switch {
	case o == nil:
		c.wrong = append(c.wrong, "a result of nothing: "+text)
	case o.first == "":
		o.first, o.status = text, r.Status
		c.ends[strings.TrimSuffix(r.Status+"/"+r.Code, "/")]++
		if o.tooLate && r.Code != "expired" && r.Code != "offline" {
			c.wrong = append(c.wrong, "it had expired: "+text)
		}
	case text != o.first:
		c.wrong = append(c.wrong, fmt.Sprintf("first %s, then %s", o.first, text))
	case !r.Repeat && o.repeats == 0:
		o.repeats++ // a repetition that arrived before the first result gets that one, perhaps once more
	}
}

// awaitResults waits for the results that are still to come.
func (c *commander) awaitResults(patience time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end) && c.waiting() > 0; {
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *commander) waiting() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.orders {
		if o.first == "" {
			n++
		}
	}
	return n
}

// faults compares the results with the executed commands of the boards.
func (c *commander) faults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := append([]string(nil), c.wrong...)
	for id, o := range c.orders {
		if o.first == "" {
			continue // it may still arrive: judge checks at the end
		}
		times := c.fleet.times(o.board, o.n)
		switch {
		case o.status == "done" && times == 0:
			all = append(all, fmt.Sprintf("%s is reported as done, and the board has not executed it", id))
		case o.status == "rejected" && times > 0:
			all = append(all, fmt.Sprintf("%s is reported as rejected, and the board has executed it: %s", id, o.first))
		case o.tooLate && times > 0:
			all = append(all, fmt.Sprintf("%s was executed late", id))
		}
	}
	return all
}

func (c *commander) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *commander) given() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.orders) }
func (c *commander) done() int  { c.mu.Lock(); defer c.mu.Unlock(); return c.ends["done"] }

// summary counts the results of the commands.
func (c *commander) summary() string {
	unanswered := c.waiting()
	c.mu.Lock()
	defer c.mu.Unlock()
	var parts []string
	for _, end := range slices.Sorted(maps.Keys(c.ends)) {
		parts = append(parts, fmt.Sprintf("%s %d", end, c.ends[end]))
	}
	if unanswered > 0 {
		parts = append(parts, fmt.Sprintf("WITHOUT A RESULT %d", unanswered))
	}
	return strings.Join(parts, ", ")
}
