package broker

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// InstanceHeader is the header in which a gateway that connects to this broker sends what it is: the id of its
// installation and that of this run of the program, as INSTANCE/RUN. Two gateways with one id, such as those with
// copies of one SD card, are told apart by it.
const InstanceHeader = "Minirelay-Instance"

// Duplicate is the return code of a CONNACK of MQTT 3.1.1 to a gateway that has sent an InstanceHeader, while another
// one with its id is connected. MQTT 3.1.1 has no code for it; MQTT 5 has this one for a session that is taken over.
const Duplicate = 0x8e

// duplicateCode is the return code for a gateway: one that does not send what it is does not know Duplicate either.
func duplicateCode(who instance) byte {
	if who == (instance{}) {
		return connack3(packets.ErrClientIdentifierNotValid.Code)
	}
	return Duplicate
}

// instance is what a gateway is, as sent in InstanceHeader. It is zero for a gateway that sends none.
type instance struct{ id, run string }

var instancePattern = regexp.MustCompile(`^[a-z0-9]{1,64}/[a-z0-9]{1,64}$`)

func instanceOf(header string) instance {
	if !instancePattern.MatchString(header) {
		return instance{}
	}
	id, run, _ := strings.Cut(header, "/")
	return instance{id, run}
}

const (
	rivalry = 10 * time.Minute // since a second gateway was refused: for so long both are a problem to look at
	maxRuns = 32               // runs of one gateway that are remembered
)

// fleet are the gateways that connect to this broker, by id.
type fleet struct {
	mu       sync.Mutex
	stations map[string]*station
}

// station is one id of a gateway.
type station struct {
	who   instance
	conn  *conn     // nil: none is connected
	from  string    // its address, or the last one
	since time.Time // when it connected; if none is connected, when it left
	runs  []string  // as INSTANCE/RUN, in the order in which they connected first
	rival rival
}

// rival is another gateway with the same id.
type rival struct {
	who  instance
	from string
	at   time.Time // when it last tried
}

// speaksFor returns the gateway for which a client with that will connects, by the topic of its status; "" if none.
func (r *rights) speaksFor(will string) string {
	gateway, first, leaf := r.split(will)
	if r.role != roleGateway || !r.under(will) || first != "status" || leaf != "" {
		return ""
	}
	return gateway
}

// admit decides whether a gateway may connect while, or after, another one with its id was connected. The one that was
// first stays: commands must not reach another site than the person means.
func (f *fleet) admit(id string, c *conn, now time.Time) (ok bool, over *conn, other string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stations == nil {
		f.stations = map[string]*station{}
	}
	s := f.stations[id]
	if s == nil {
		s = &station{}
		f.stations[id] = s
	}
	if ok, proven := s.mayLocked(c.who, now); !ok {
		s.rival = rival{c.who, c.remote, now}
		return false, nil, s.from
	} else if proven {
		s.rival = rival{s.who, s.from, now}
	}
	if s.who != c.who {
		over = s.conn
	}
	s.who, s.conn, s.from, s.since = c.who, c, c.remote, now
	if run := c.who.id + "/" + c.who.run; c.who != (instance{}) && !slices.Contains(s.runs, run) {
		s.runs = append(s.runs, run)
		s.runs = s.runs[max(0, len(s.runs)-maxRuns):]
	}
	return true, over, ""
}

// mayLocked reports whether who may connect. proven means that the one that is connected turns out to be the second.
func (s *station) mayLocked(who instance, now time.Time) (ok, proven bool) {
	disputed := !s.rival.at.IsZero() && now.Sub(s.rival.at) < rivalry
	switch {
	case s.since.IsZero(), who == s.who: // the first, or one whose connection was lost
		return true, false
	case who.id != s.who.id:
		// Another installation. A new one may take the place of one that is gone, unless the two were there together.
		return s.conn == nil && (!disputed || now.Sub(s.since) >= rivalry), false
	}
	// The same installation was started again, or runs twice from copies of one disk. A run that has been replaced by a
	// later one and comes back shows that both are alive.
	mine, theirs := slices.Index(s.runs, who.id+"/"+who.run), slices.Index(s.runs, s.who.id+"/"+s.who.run)
	switch {
	case mine >= 0 && mine < theirs:
		return true, true
	case mine > theirs, disputed && s.rival.who.id == who.id:
		return s.conn == nil && now.Sub(s.since) >= rivalry, false
	}
	return true, false
}

// left records that a connection has ended.
func (f *fleet) left(id string, c *conn, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.stations[id]; s != nil && s.conn == c {
		s.conn, s.since = nil, now
	}
}

// flaps records that gateways that do not send what they are keep disconnecting each other.
func (f *fleet) flaps(id, from string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.stations[id]; s != nil && s.who == (instance{}) {
		s.rival = rival{from: from, at: now}
	}
}

// sameID explains to people what to do about two gateways with one id.
const sameID = "set another [gateway] id on one of the two; if one of them is off for good, wait ten minutes"

// admitGateway is admit for a client that has logged in, with the line in the log.
func (b *Broker) admitGateway(c *conn, cl *mqtt.Client, acc *account) packets.Code {
	id := acc.rights.speaksFor(cl.Properties.Will.TopicName)
	if !cl.Properties.Will.Retain || id == "" {
		return packets.CodeSuccess
	}
	ok, over, other := b.fleet.admit(id, c, time.Now())
	if !ok {
		b.refusals.log(b.log, "another gateway with the same id is connected; this one is refused", acc.id, c, slog.String("gateway", id),
			slog.String("connected", other), slog.String("hint", sameID))
		return packets.ErrSessionTakenOver
	}
	c.speaksFor = id
	switch {
	case over == nil:
	case over.session.Load() != nil: // then its client is set
		b.disconnect(over.client, packets.ErrSessionTakenOver)
	default:
		over.abort("")
	}
	return packets.CodeSuccess
}

// GatewayStats is one gateway that meets its users at this broker.
type GatewayStats struct {
	ID      string
	Online  bool      // it says so, and its connection has not been lost
	Version string    // of its program; "" if it has not told
	From    string    // its address, or the last one; "" if it has not connected since the start
	Since   time.Time // when it connected, or was seen last; zero: not since the start

	Rival   string    // the address of another gateway with this id that tried to connect; "" if there is none
	RivalAt time.Time // when it last tried
}
