package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// observer is the client that stays. It must get every reading, in order.
type observer struct {
	client    mqtt.Client
	commander *commander

	mu     sync.Mutex
	boards map[string]*seen
	got    int
	gone   int // readings that never arrived
	wrong  []string
}

// seen holds the readings of one board.
type seen struct {
	last   int
	fresh  bool // it was offline: its lines reached no port meanwhile
	online bool
}

// dial connects a client.
func dial(g *gateway, user, id string, lost func(error)) (mqtt.Client, error) {
	options := mqtt.NewClientOptions().AddBroker(g.url).SetUsername(user).SetPassword(password).SetClientID(id).
		SetAutoReconnect(false).SetConnectTimeout(time.Minute).SetTLSConfig(&tls.Config{InsecureSkipVerify: true}).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost(err) })
	c := mqtt.NewClient(options)
	if token := c.Connect(); !token.WaitTimeout(time.Minute) || token.Error() != nil {
		return nil, fmt.Errorf("connect %s: %w", id, token.Error())
	}
	return c, nil
}

func observe(g *gateway, fleet *fleet) (*observer, error) {
	o := &observer{boards: map[string]*seen{}}
	var err error
	if o.commander, err = newCommander(g, fleet); err != nil {
		return nil, err
	}
	if o.client, err = dial(g, "observer", "observer", func(err error) { o.fault("the observer was disconnected: %v", err) }); err != nil {
		return nil, err
	}
	token := o.client.SubscribeMultiple(map[string]byte{"minirelay/soak/+/state": 1, "minirelay/soak/+/availability": 1}, o.take)
	if !token.WaitTimeout(time.Minute) || token.Error() != nil {
		return nil, fmt.Errorf("subscribe: %w", token.Error())
	}
	return o, nil
}

func (o *observer) take(_ mqtt.Client, m mqtt.Message) {
	levels := strings.Split(m.Topic(), "/")
	name, leaf := levels[2], levels[3]
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.boards[name]
	if b == nil {
		b = &seen{fresh: true}
		o.boards[name] = b
	}
	if leaf == "availability" {
		b.online = string(m.Payload()) == "online"
		b.fresh = b.fresh || !b.online
		return
	}
	var state struct{ N *int }
	if err := json.Unmarshal(m.Payload(), &state); err != nil {
		o.wrong = append(o.wrong, fmt.Sprintf("%s: %s", m.Topic(), m.Payload()))
		return
	}
	if state.N == nil {
		b.fresh = true
		return
	}
	o.got++
	switch {
	case b.fresh && *state.N >= b.last:
	case *state.N <= b.last:
		o.wrong = append(o.wrong, fmt.Sprintf("%s went from %d back to %d", name, b.last, *state.N))
	default:
		o.gone += *state.N - b.last - 1
	}
	b.last, b.fresh = *state.N, false
}

func (o *observer) fault(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wrong = append(o.wrong, fmt.Sprintf(format, args...))
}

func (o *observer) faults() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := append([]string(nil), o.wrong...)
	if o.gone > 0 {
		all = append(all, fmt.Sprintf("%d readings were lost", o.gone))
	}
	return all
}

func (o *observer) readings() int { o.mu.Lock(); defer o.mu.Unlock(); return o.got }
func (o *observer) lost() int     { o.mu.Lock(); defer o.mu.Unlock(); return o.gone }

func (o *observer) online() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, b := range o.boards {
		if b.online {
			n++
		}
	}
	return n
}

func (o *observer) close() {
	o.client.Disconnect(250)
	o.commander.client.Disconnect(250)
}
