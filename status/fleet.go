package status

import (
	"time"

	"minirelay/locale"
)

// Gateway is one gateway that connects to this one, a hub.
type Gateway struct {
	Gateway string `json:"gateway"`
	Online  bool   `json:"online"`
	Since   int64  `json:"since"` // when it connected; if it is away, when it was last connected: 0: not since the start
	Version string `json:"version,omitempty"`
	Address string `json:"address,omitempty"` // of its connection, or of the last one

	Rival   string `json:"rival,omitempty"` // address of another gateway with this id that tried to connect of late
	RivalAt int64  `json:"rival_at,omitempty"`
}

func (s *Snapshot) fleetProblems(say func(try, what string, args ...any)) {
	for _, g := range s.Gateways {
		if g.Rival != "" {
			say("set another [gateway] id on one of the two; if one of them is off for good, wait ten minutes",
				"two gateways have the id %s: one at %s, and one at %s that was seen %s ago", g.Gateway, g.Address, g.Rival, span(time.Duration(s.Now-g.RivalAt)*time.Millisecond))
		}
		if !g.Online {
			say("check its power and its network; minirelay status on it shows why it cannot connect", "gateway %s is offline %s", g.Gateway, ago(s.Now, g.Since))
		}
	}
}

func (s *Snapshot) writeFleet(p *page) {
	if len(s.Gateways) == 0 {
		return
	}
	var t locale.Table
	t.Head(p.lang.Text("GATEWAY\tSTATE\tSINCE\tVERSION\tADDRESS"))
	for _, g := range s.Gateways {
		state, since := "online", "—"
		if !g.Online {
			state = "offline"
		}
		if g.Since > 0 {
			since = p.lang.Sprintf("%s ago", span(time.Duration(s.Now-g.Since)*time.Millisecond))
		}
		t.Row(g.Gateway, p.lang.Text(state), since, g.Version, g.Address)
	}
	p.table(&t)
}
