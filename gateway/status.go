package gateway

import (
	"time"

	"minirelay/configs"
	"minirelay/devices"
	"minirelay/relay"
	"minirelay/status"
)

// snapshot says how the gateway is now.
func (g *Gateway) snapshot(s *ConfigState) status.Snapshot {
	now, config, build := time.Now(), g.config.Load(), g.build
	figures := g.relay.Stats()
	snap := status.Snapshot{
		Now: now.UnixMilli(), Gateway: config.Gateway.ID, Version: build.Version, Commit: build.Commit, Go: build.Go,
		Started: figures.Started.UnixMilli(), Ready: g.ready(), Addresses: g.Addresses(),
		Ports: []status.Port{}, Devices: []status.Device{}, Commands: []status.Ended{}, Upstreams: g.Upstreams.Snapshot(),
		Took:    status.Durations(figures.Took),
		Machine: status.Look("/", config.Gateway.DataDir, now),
		Config:  s.summary(),
	}
	ports, polls := map[string]string{}, map[string]*status.Polls{} // by device
	for _, p := range g.Ports.Stats() {
		c := p.Counts
		snap.Ports = append(snap.Ports, status.Port{Port: p.Port, Path: p.Path, Baud: p.Baud, Open: p.Open, Trouble: p.Trouble,
			Devices: p.Devices, Received: c.Bytes, Sent: c.Sent, Frames: c.Frames, Noise: c.Noise, Overlong: c.Overlong,
			Damaged: c.Damaged, Implausible: c.Implausible, Late: c.Late, Unanswered: c.Unanswered, Unknown: c.Unknown, Reopened: c.Reopened,
			Busy: busySeconds(p)})
		for _, d := range p.Devices {
			ports[d] = p.Port
		}
		for _, d := range p.Polls {
			polls[d.Device] = &status.Polls{Asked: d.Asked, Timeouts: d.Timeouts, Refusals: d.Refusals, Damaged: d.Damaged,
				Recent: d.Recent, Missed: d.Missed}
		}
	}
	for _, d := range figures.Devices {
		snap.Devices = append(snap.Devices, status.Device{Device: d.Device, Name: oneName(d.Name), Port: ports[d.Device], Online: d.Online,
			Since: milli(d.Since), Heard: milli(d.Heard), States: d.States, State: d.State, Polls: polls[d.Device]})
	}
	for _, c := range figures.Commands {
		snap.Commands = append(snap.Commands, status.Ended{Status: string(c.Status), Code: string(c.Code), Count: c.Count})
	}
	b := g.Broker.Stats()
	snap.Broker = status.Broker{Clients: b.Clients, MaxClients: b.MaxClients, Sessions: b.Sessions, MessagesIn: b.MessagesIn,
		MessagesOut: b.MessagesOut, BytesIn: b.BytesIn, BytesOut: b.BytesOut, Buffered: b.Buffered, Retained: b.Retained,
		Waiting: figures.Waiting, Disconnections: b.Disconnections, Refusals: b.Refusals,
		CertificateExpires: b.CertificateExpires * 1000}
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

// oneName is a name in one language, English if there are several.
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

// summary is whether what is on the disk is in use.
func (s *ConfigState) summary() status.Config {
	view := configs.ViewOf(s.path)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := status.Config{Path: s.path, Loaded: s.loaded.UnixMilli(), Faults: len(view.Faults), Warnings: len(view.Warnings)}
	if c.Faults == 0 && s.refused != "" {
		c.Faults = 1
	}
	return c
}
