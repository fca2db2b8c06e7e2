package broker

import (
	"encoding/json"
	"time"
)

// Gateways returns the gateways that may connect to this broker, in the order of the config.
func (b *Broker) Gateways() []GatewayStats {
	b.changing.Lock()
	config := b.config
	b.changing.Unlock()
	var all []GatewayStats
	seen := map[string]bool{}
	for _, u := range config.Users {
		if u.Role != roleGateway {
			continue
		}
		for _, id := range u.Gateways {
			if !seen[id] {
				seen[id] = true
				all = append(all, b.gateway(config.Root+"/"+id+"/", id, time.Now()))
			}
		}
	}
	return all
}

// gateway returns the state of one gateway, whose topics begin with base.
func (b *Broker) gateway(base, id string, now time.Time) GatewayStats {
	g := GatewayStats{ID: id}
	if m := b.retained.get(base + "status"); m != nil {
		g.Online = string(m.payload) == "online"
	}
	if m := b.retained.get(base + "info"); m != nil {
		var info struct{ Version string }
		if json.Unmarshal(m.payload, &info) == nil {
			g.Version = clip(info.Version)
		}
	}
	b.fleet.mu.Lock()
	defer b.fleet.mu.Unlock()
	s := b.fleet.stations[id]
	if s == nil {
		return g
	}
	g.From, g.Since = s.from, s.since
	g.Online = g.Online && s.conn != nil
	if !s.rival.at.IsZero() && now.Sub(s.rival.at) < rivalry {
		g.Rival, g.RivalAt = s.rival.from, s.rival.at
	}
	return g
}
