package gateway

import (
	"time"

	"minirelay/devices"
	"minirelay/relay"
	"minirelay/status"
)

// status returns the current state of the gateway.
func (c *core) status(s *configState) status.Snapshot {
	now, config, build := time.Now(), c.config.Load(), c.options.Build
	figures := c.relay.Stats()
	snap := status.Snapshot{
		Now: now.UnixMilli(), Gateway: config.Gateway.ID, Version: build.Version, Commit: build.Commit, Go: build.Go,
		Started: figures.Started.UnixMilli(), Ready: c.ready(), Addresses: c.addresses(),
		Ports: []status.Port{}, Devices: []status.Device{}, Commands: []status.Ended{}, Upstreams: c.upstreams.status(),
		Took: status.Durations(figures.Took), Refusing: figures.Refusing,
		Machine: status.Look("/", config.Gateway.DataDir, now),
		Config:  s.summary(),
	}
	if c.options.Unread != nil {
		dropped, since := c.options.Unread()
		snap.Log = status.Log{Dropped: dropped, Unread: milli(since)}
	}
	ports, polls, missed := map[string]string{}, map[string]*status.Polls{}, map[string][]string{} // by device
	for _, p := range c.ports.Stats() {
		n := p.Counts
		snap.Ports = append(snap.Ports, status.Port{Port: p.Port, Path: p.Path, Baud: p.Baud, Open: p.Open, Trouble: p.Trouble,
			Devices: p.Devices, Received: n.Bytes, Sent: n.Sent, Frames: n.Frames, Noise: n.Noise, Overlong: n.Overlong,
			Damaged: n.Damaged, Implausible: n.Implausible, Late: n.Late, Unanswered: n.Unanswered, Unknown: n.Unknown, Foreign: n.Foreign, Reopened: n.Reopened,
			LastByte: milli(p.Last), Busy: busySeconds(p)})
		for _, d := range p.Devices {
			ports[d] = p.Port
		}
		for _, f := range p.Missed {
			missed[f.Device] = append(missed[f.Device], f.Why)
		}
		for _, d := range p.Polls {
			polls[d.Device] = &status.Polls{Asked: d.Asked, Timeouts: d.Timeouts, Refusals: d.Refusals, Damaged: d.Damaged,
				Recent: d.Recent, Missed: d.Missed}
		}
	}
	for _, d := range figures.Devices {
		snap.Devices = append(snap.Devices, status.Device{Device: d.Device, Name: oneName(d.Name), Port: ports[d.Device], Online: d.Online,
			Since: milli(d.Since), Heard: milli(d.Heard), States: d.States, State: d.State, Polls: polls[d.Device], Missed: missed[d.Device]})
	}
	for _, e := range figures.Commands {
		snap.Commands = append(snap.Commands, status.Ended{Status: string(e.Status), Code: string(e.Code), Count: e.Count})
	}
	b := c.broker.Stats()
	snap.Broker = status.Broker{Clients: b.Clients, MaxClients: b.MaxClients, Capped: b.Capped, Crowded: b.Crowded, Sessions: b.Sessions, MessagesIn: b.MessagesIn,
		MessagesOut: b.MessagesOut, BytesIn: b.BytesIn, BytesOut: b.BytesOut, Buffered: b.Buffered, Retained: b.Retained,
		Pulses: b.Pulses, Missed: b.Missed, Waiting: figures.Waiting, Disconnections: b.Disconnections, Refusals: b.Refusals,
		CertificateExpires: b.CertificateExpires * 1000, Guesses: status.Guesses(b.Guesses)}
	snap.Broker.Held, snap.Broker.MaxHeld, snap.Broker.Full = b.Held, b.MaxHeld, []status.Full{}
	for _, f := range b.Full {
		snap.Broker.Full = append(snap.Broker.Full, status.Full{User: f.User, Times: f.Times, Last: f.Last.UnixMilli()})
	}
	for _, a := range b.Certificate {
		snap.Broker.Certificate = append(snap.Broker.Certificate, status.Problem{What: a.What, Try: a.Try})
	}
	for _, g := range c.broker.Gateways() {
		snap.Gateways = append(snap.Gateways, status.Gateway{Gateway: g.ID, Online: g.Online, Since: milli(g.Since), Version: g.Version,
			Address: g.From, Rival: g.Rival, RivalAt: milli(g.RivalAt)})
	}
	snap.Judge()
	return snap
}

// busySeconds is how long the line of a port was occupied; nil if that is not known.
func busySeconds(p devices.PortStats) *float64 {
	if !p.Reckons {
		return nil
	}
	s := p.Busy.Seconds()
	return &s
}

// milli is a time in Unix milliseconds; 0 for never.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// oneName returns a name in one language, English if there are several.
func oneName(n relay.Name) string {
	if n.ByLang == nil {
		return n.Text
	}
	if en := n.ByLang["en"]; en != "" {
		return en
	}
	for _, text := range n.ByLang {
		return text
	}
	return ""
}

// summary reports whether the config on disk is in use.
func (s *configState) summary() status.Config {
	view := s.view()
	s.mu.Lock()
	defer s.mu.Unlock()
	c := status.Config{Path: s.path, Loaded: s.loaded.UnixMilli(), Faults: len(view.Faults), Warnings: len(view.Warnings)}
	if s.fallback != nil {
		c.Fallback, c.Why = true, s.fallback.note()
	}
	if c.Faults == 0 && s.refused != nil {
		c.Faults = 1
	}
	return c
}
