package status

import (
	"encoding/json"
	"slices"
)

// Snapshot is the state of a gateway at one moment. Times are Unix milliseconds, 0 for never; sizes are bytes; counts
// are since the start.
type Snapshot struct {
	Now       int64      `json:"now"`
	Gateway   string     `json:"gateway"`
	Version   string     `json:"version"`
	Commit    string     `json:"commit,omitempty"`
	Go        string     `json:"go"`
	Started   int64      `json:"started"`
	Ready     bool       `json:"ready"` // every port has been tried
	Addresses []string   `json:"addresses"`
	Ports     []Port     `json:"ports"`
	Devices   []Device   `json:"devices"`
	Commands  []Ended    `json:"commands"`
	Took      Durations  `json:"took"`               // of the commands that reached the hardware
	Refusing  string     `json:"refusing,omitempty"` // why all commands are refused
	Broker    Broker     `json:"broker"`
	Upstreams []Upstream `json:"upstreams"`
	Gateways  []Gateway  `json:"gateways,omitempty"` // of a hub
	Machine   Machine    `json:"machine"`
	Config    Config     `json:"config"`
	Log       Log        `json:"log"`
	Problems  []Problem  `json:"problems"` // see Judge
}

// Config is the state of the configuration on disk and of the one in use.
type Config struct {
	Path     string `json:"path"`
	Loaded   int64  `json:"loaded"`
	Faults   int    `json:"faults"` // of the files on disk now; if there are any, the last valid config is in use
	Warnings int    `json:"warnings"`

	Fallback bool   `json:"fallback"`      // the gateway was started with the last good config, because the one on disk could not be used
	Why      string `json:"why,omitempty"` // the reason, in one sentence
}

// Log is the state of the gateway's log.
type Log struct {
	Dropped uint64 `json:"dropped"`          // lines, because nothing read them
	Unread  int64  `json:"unread,omitempty"` // time since which nothing has read the log; 0: it is read
}

// Port is one serial port.
type Port struct {
	Port    string   `json:"port"`
	Path    string   `json:"path"`
	Baud    int      `json:"baud"`
	Open    bool     `json:"open"`
	Trouble string   `json:"trouble,omitempty"`
	Devices []string `json:"devices"`

	Received    uint64 `json:"received"` // bytes
	Sent        uint64 `json:"sent"`     // bytes
	Frames      uint64 `json:"frames"`
	Noise       uint64 `json:"noise"`
	Overlong    uint64 `json:"overlong"`
	Damaged     uint64 `json:"damaged"`
	Implausible uint64 `json:"implausible"`
	Late        uint64 `json:"late"`
	Unanswered  uint64 `json:"unanswered"`
	Unknown     uint64 `json:"unknown"`
	Foreign     uint64 `json:"foreign"` // requests of another master
	Reopened    uint64 `json:"reopened"`

	LastByte int64 `json:"last_byte"` // when the last byte was read

	Busy *float64 `json:"busy_seconds,omitempty"` // how long the line was occupied; nil: its speed is not known
}

// Device is one device with its newest values.
type Device struct {
	Device string          `json:"device"`
	Name   string          `json:"name,omitempty"`
	Port   string          `json:"port"`
	Online bool            `json:"online"`
	Since  int64           `json:"since"` // when Online last changed
	Heard  int64           `json:"heard"` // time of its newest valid frame
	States uint64          `json:"states"`
	State  json.RawMessage `json:"state"`
	Polls  *Polls          `json:"polls,omitempty"`  // nil: it sends by itself
	Missed []string        `json:"missed,omitempty"` // its fields that have no good value, each with the reason
}

// Polls counts the answers of a polled device.
type Polls struct {
	Asked    uint64 `json:"asked"` // requests for readings and for commands, counting each repetition
	Timeouts uint64 `json:"timeouts"`
	Refusals uint64 `json:"refusals"`
	Damaged  uint64 `json:"damaged"`
	Recent   int    `json:"recent"` // number of recent requests considered, at most 64
	Missed   int    `json:"missed"` // number of those without an answer
}

// Ended is the number of commands with one outcome.
type Ended struct {
	Status string `json:"status"`
	Code   string `json:"code,omitempty"`
	Count  uint64 `json:"count"`
}

// Durations is a histogram in seconds. The last count has no bound.
type Durations struct {
	Bounds []float64 `json:"bounds"`
	Counts []uint64  `json:"counts"`
	Sum    float64   `json:"sum"`
}

// Broker is the embedded broker.
type Broker struct {
	Clients            int               `json:"clients"`
	MaxClients         int               `json:"max_clients"`       // as configured, or as the file descriptors permit
	Capped             bool              `json:"capped,omitempty"`  // these permit fewer than configured
	Crowded            bool              `json:"crowded,omitempty"` // no place is left but those for admins and gateways
	Sessions           int               `json:"sessions"`
	MessagesIn         uint64            `json:"messages_in"`
	MessagesOut        uint64            `json:"messages_out"`
	BytesIn            uint64            `json:"bytes_in"`
	BytesOut           uint64            `json:"bytes_out"`
	Buffered           uint64            `json:"buffered"`
	Held               uint64            `json:"held"`     // bytes that clients make it hold
	MaxHeld            uint64            `json:"max_held"` // and may
	Full               []Full            `json:"full"`     // users that have reached the bounds of one user
	Retained           int               `json:"retained"`
	Pulses             uint64            `json:"pulses"`  // messages of the broker to itself that arrived
	Missed             uint64            `json:"missed"`  // those that did not in time
	Waiting            int               `json:"waiting"` // messages of the gateway that the broker has not yet accepted
	Disconnections     map[string]uint64 `json:"disconnections"`
	Refusals           map[string]uint64 `json:"refusals"`
	CertificateExpires int64             `json:"certificate_expires"`
	Certificate        []Problem         `json:"certificate,omitempty"` // why clients refuse the certificate, except that it ends
	Guesses            Guesses           `json:"guesses"`
}

// Guesses counts logins with wrong passwords. Those not looked at came too soon after too many wrong ones.
type Guesses struct {
	Wrong   uint64 `json:"wrong"`
	TooFast uint64 `json:"too_fast"`       // not looked at
	Held    uint64 `json:"held"`           // of the machine's own subnets, made to wait for their turn
	Slowed  int    `json:"slowed"`         // places that have to wait now
	Recent  uint64 `json:"recent"`         // not looked at in the last 15 minutes
	From    string `json:"from,omitempty"` // the place with the most of those in its newest minute, and the user it tried
	For     string `json:"for,omitempty"`
}

// Full is a user whose clients have reached the bounds of the broker's memory for one user.
type Full struct {
	User  string `json:"user"`
	Times uint64 `json:"times"`
	Last  int64  `json:"last"`
}

// Problem is one problem and a suggestion.
type Problem struct {
	What string `json:"what"`
	Try  string `json:"try"`
}

// In returns the snapshot with its sentences translated by translate.
func (s Snapshot) In(translate func(sentence string) string) Snapshot {
	s.Ports, s.Upstreams, s.Problems = slices.Clone(s.Ports), slices.Clone(s.Upstreams), slices.Clone(s.Problems)
	s.Refusing, s.Config.Why = translate(s.Refusing), translate(s.Config.Why)
	s.Broker.Certificate = slices.Clone(s.Broker.Certificate)
	for i := range s.Broker.Certificate {
		p := &s.Broker.Certificate[i]
		p.What, p.Try = translate(p.What), translate(p.Try)
	}
	for i := range s.Ports {
		s.Ports[i].Trouble = translate(s.Ports[i].Trouble)
	}
	for i := range s.Upstreams {
		u := &s.Upstreams[i]
		u.Message, u.Disk = translate(u.Message), translate(u.Disk)
	}
	for i := range s.Problems {
		p := &s.Problems[i]
		p.What, p.Try = translate(p.What), translate(p.Try)
	}
	return s
}
