package status

import (
	"fmt"
	"time"

	"minirelay/locale"
)

// Upstream is one upstream broker and its outbox.
type Upstream struct {
	Upstream string `json:"upstream"`
	URL      string `json:"url"`
	State    string `json:"state"`             // "connected", or the problem in one word
	Message  string `json:"message,omitempty"` // the same in one sentence
	Since    int64  `json:"since"`             // time since which State applies
	Disk     string `json:"disk,omitempty"`    // the error of the outbox
	Waiting  uint64 `json:"waiting"`           // messages that have not been acknowledged
	Size     uint64 `json:"size"`              // of the outbox

	Taken     uint64 `json:"taken"`
	Delivered uint64 `json:"delivered"`
	Replayed  uint64 `json:"replayed"`
	Lost      uint64 `json:"lost"`
	Damaged   uint64 `json:"damaged"`
	Overrun   uint64 `json:"overrun"`
	Inward    uint64 `json:"inward"`
	Crowded   uint64 `json:"crowded"`
	Dropped   uint64 `json:"dropped"`
	Unasked   uint64 `json:"unasked"`
}

func (u *Upstream) connected() bool { return u.State == "connected" }

func (s *Snapshot) upstreamMetrics(e *exposition) {
	for _, m := range []struct {
		name, help string
		value      func(*Upstream) float64
	}{
		{"minirelay_upstream_connected", "Whether the upstream is connected.", func(u *Upstream) float64 { return truth(u.connected()) }},
		{"minirelay_upstream_outbox_failing", "Whether the outbox cannot be written to the disk.", func(u *Upstream) float64 { return truth(u.Disk != "") }},
		{"minirelay_upstream_waiting_messages", "Messages that the upstream has not acknowledged.", func(u *Upstream) float64 { return float64(u.Waiting) }},
		{"minirelay_upstream_outbox_bytes", "Bytes of the outbox on the disk.", func(u *Upstream) float64 { return float64(u.Size) }},
		{"minirelay_upstream_taken_messages_total", "Readings, results and events that are to go up.", func(u *Upstream) float64 { return float64(u.Taken) }},
		{"minirelay_upstream_delivered_messages_total", "Of them, acknowledged by the upstream.", func(u *Upstream) float64 { return float64(u.Delivered) }},
		{"minirelay_upstream_replayed_messages_total", "Of those, sent from the backlog.", func(u *Upstream) float64 { return float64(u.Replayed) }},
		{"minirelay_upstream_lost_messages_total", "Pushed out by the bounds of the outbox, or of memory without one.", func(u *Upstream) float64 { return float64(u.Lost) }},
		{"minirelay_upstream_damaged_messages_total", "That the disk did not give back.", func(u *Upstream) float64 { return float64(u.Damaged) }},
		{"minirelay_upstream_overrun_messages_total", "Dropped because the disk was too slow.", func(u *Upstream) float64 { return float64(u.Overrun) }},
		{"minirelay_upstream_received_messages_total", "Commands and requests that came from the upstream.", func(u *Upstream) float64 { return float64(u.Inward) }},
		{"minirelay_upstream_crowded_messages_total", "Of them, answered busy because too many came.", func(u *Upstream) float64 { return float64(u.Crowded) }},
		{"minirelay_upstream_dropped_messages_total", "Of them, not even answered.", func(u *Upstream) float64 { return float64(u.Dropped) }},
		{"minirelay_upstream_unasked_messages_total", "Messages from the upstream outside its subscriptions.", func(u *Upstream) float64 { return float64(u.Unasked) }},
	} {
		for i := range s.Upstreams {
			e.number(m.name, m.help, m.value(&s.Upstreams[i]), "upstream", s.Upstreams[i].Upstream)
		}
	}
}

// upstreamStateMetrics write the name of the state and its age. While an upstream is away, the age of the state is also
// that of the oldest waiting message.
func (s *Snapshot) upstreamStateMetrics(e *exposition) {
	for _, u := range s.Upstreams {
		e.gauge("minirelay_upstream_state", "State of the upstream: connected, or the problem in one word; always 1.", 1,
			"upstream", u.Upstream, "state", u.State)
	}
	for _, u := range s.Upstreams {
		if u.Since > 0 {
			e.gauge("minirelay_upstream_state_age_seconds", "How long the upstream has been in its state.", max(0, float64(s.Now-u.Since)/1000),
				"upstream", u.Upstream)
		}
	}
}

func (s *Snapshot) writeUpstreams(p *page) {
	if len(s.Upstreams) == 0 {
		return
	}
	var t locale.Table
	t.Head(p.lang.Text("UPSTREAM\tSTATE\tSINCE\tWAITING\tDELIVERED\tLOST\tADDRESS"))
	for _, u := range s.Upstreams {
		since := p.lang.Sprintf("%s ago", span(time.Duration(s.Now-u.Since)*time.Millisecond))
		t.Row(u.Upstream, p.lang.Text(u.State), since, fmt.Sprint(u.Waiting), fmt.Sprint(u.Delivered), fmt.Sprint(u.Lost+u.Damaged+u.Overrun), u.URL)
	}
	p.table(&t)
}

func (s *Snapshot) upstreamProblems(say func(try, what string, args ...any)) {
	for _, u := range s.Upstreams {
		if !u.connected() && u.Message != "" {
			say("messages wait in the outbox; the gateway tries again by itself", "upstream %s %s: %s", u.Upstream, ago(s.Now, u.Since), u.Message)
		}
		if u.connected() && u.Message != "" {
			say("everything else goes up; the log has more about it: journalctl -u minirelay -e", "upstream %s: %s", u.Upstream, u.Message)
		}
		if u.Disk != "" {
			say("free some space or repair it; messages during an outage are kept in memory only", "upstream %s: %s", u.Upstream, u.Disk)
		}
		if u.Lost > 0 {
			say("raise outbox_mb or outbox_age, or send less (min_interval)", "upstream %s: %d messages were dropped because the outbox was full", u.Upstream, u.Lost)
		}
	}
}
