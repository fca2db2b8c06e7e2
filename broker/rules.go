package broker

import (
	"fmt"
	"slices"
	"strings"
)

// roleGateway is the role of a gateway that dials out to this broker: it publishes below the root itself.
const roleGateway = "gateway"

// rolePulse is the role of a pulse, which no user can have: it reads pulseTopic and nothing else.
const rolePulse = "pulse"

var roles = []string{"viewer", "operator", "admin", roleGateway}

// leaves are the topics below a device that its readers see.
var leaves = [...]string{"model", "state", "availability", "event", "result"}

// reserved are words that cannot be device ids: they have topics of their own beside the devices.
func reserved(id string) bool {
	return id == "status" || id == "info" || id == "request" || id == "reply"
}

// rights are what one user may do. They are never changed, only replaced.
type rights struct {
	root     string // "minirelay/"
	here     string // this gateway's id
	role     string
	gateways []string // gateways whose devices the user may use, or that a roleGateway user speaks for
	devices  []string // "greenhouse", or "home/greenhouse" of one gateway; nil: all
	read     []string // further filters outside the root
	write    []string

	mixed bool // some devices are named with their gateway
}

func newRights(c Config, u UserConfig) (*rights, error) {
	if !slices.Contains(roles, u.Role) {
		return nil, hint(fmt.Errorf("user %s: unknown role %q", u.ID, u.Role), "use viewer, operator, admin or gateway")
	}
	for _, filter := range slices.Concat(u.Read, u.Write) {
		if !validFilter(filter) {
			return nil, hint(fmt.Errorf("user %s: %q is not a topic filter", u.ID, filter), "+ stands for one level, # for all levels at the end")
		}
	}
	r := &rights{root: c.Root + "/", here: c.Gateway, role: u.Role, gateways: u.Gateways, devices: u.Devices, read: u.Read, write: u.Write}
	r.mixed = slices.ContainsFunc(r.devices, func(name string) bool { return strings.Contains(name, "/") })
	switch {
	case r.role == roleGateway && slices.Contains(r.gateways, r.here):
		return nil, hint(fmt.Errorf("user %s: only this gateway can use the id %s", u.ID, r.here), "give the other gateway another id")
	case r.role != roleGateway && len(r.gateways) == 0:
		r.gateways = []string{r.here}
	}
	return r, nil
}

// speaksLike reports whether two users speak for the same gateways, or both for none.
func (r *rights) speaksLike(other *rights) bool {
	if r.role != roleGateway && other.role != roleGateway {
		return true
	}
	return r.role == other.role && slices.Equal(r.gateways, other.gateways)
}

// hasDevice reports whether the user may use a device of a gateway.
func (r *rights) hasDevice(gateway, id string) bool {
	return len(r.devices) == 0 || slices.Contains(r.devices, id) || slices.Contains(r.devices, gateway+"/"+id)
}

// devicesOf returns the ids of the devices of a gateway that the user may use; nil: all.
func (r *rights) devicesOf(gateway string) []string {
	if len(r.devices) == 0 || !r.mixed {
		return r.devices
	}
	ids := make([]string, 0, len(r.devices))
	for _, name := range r.devices {
		if of, id, ok := strings.Cut(name, "/"); !ok {
			ids = append(ids, name)
		} else if of == gateway {
			ids = append(ids, id)
		}
	}
	return ids
}

// devicesAt is devicesOf for the gateway that topic belongs to.
func (r *rights) devicesAt(topic string) []string {
	gateway, _, _ := r.split(topic)
	return r.devicesOf(gateway)
}

// under reports whether topic (or a filter of one literal beginning) is at or below the root.
func (r *rights) under(topic string) bool {
	return strings.HasPrefix(topic, r.root) || topic == r.root[:len(r.root)-1]
}

// split parts a topic below the root into the gateway's id and two more levels: "home", "greenhouse", "state". Deeper
// levels stay in the last one, with their slashes.
func (r *rights) split(topic string) (gateway, first, leaf string) {
	gateway, rest, _ := strings.Cut(strings.TrimPrefix(topic, r.root), "/")
	first, leaf, _ = strings.Cut(rest, "/")
	return gateway, first, leaf
}

// elsewhere reports whether topic belongs to another gateway, which meets its users at this broker.
func (r *rights) elsewhere(topic string) bool {
	gateway, first, _ := r.split(topic)
	return r.under(topic) && first != "" && gateway != r.here
}

// asks reports whether topic carries commands or requests to a gateway.
func (r *rights) asks(topic string) bool {
	_, first, leaf := r.split(topic)
	return r.under(topic) && (first == "request" && ownTopic(leaf) || leaf == "command" && !reserved(first))
}

// ownTopic reports whether client is a valid topic level: then request/CLIENT and reply/CLIENT are its own.
func ownTopic(client string) bool { return client != "" && !strings.ContainsAny(client, "/+#") }

// mayRead reports whether a message on topic may reach the connection named client.
func (r *rights) mayRead(topic, client string) bool {
	if topic[0] == '$' {
		return r.role == "admin" && strings.HasPrefix(topic, "$SYS/") || r.role == rolePulse && topic == pulseTopic
	}
	if !r.under(topic) {
		return slices.ContainsFunc(r.read, func(f string) bool { return matches(f, topic) })
	}
	if r.role == "admin" {
		return true
	}
	gateway, first, leaf := r.split(topic)
	switch {
	case !slices.Contains(r.gateways, gateway):
		return false
	case r.role == roleGateway:
		return r.asks(topic)
	case first == "reply" || first == "request":
		return ownTopic(client) && leaf == client
	case first == "status" || first == "info":
		return topic == r.root+gateway+"/"+first
	}
	return slices.Contains(leaves[:], leaf) && r.hasDevice(gateway, first)
}

// mayWrite reports whether the connection named client may publish to topic.
func (r *rights) mayWrite(topic, client string) bool {
	if topic[0] == '$' {
		return false
	}
	if !r.under(topic) {
		return slices.ContainsFunc(r.write, func(f string) bool { return matches(f, topic) })
	}
	gateway, first, leaf := r.split(topic)
	switch {
	case !slices.Contains(r.gateways, gateway):
		return false
	case r.role == roleGateway:
		switch first {
		case "status", "info":
			return topic == r.root+gateway+"/"+first
		case "reply":
			return ownTopic(leaf)
		case "request": // to itself, for a stamp
			return ownTopic(client) && leaf == client
		}
		return slices.Contains(leaves[:], leaf) && !reserved(first)
	case first == "request":
		return ownTopic(client) && leaf == client
	}
	return r.role != "viewer" && leaf == "command" && !reserved(first) && r.hasDevice(gateway, first)
}

// maySubscribe reports whether filter covers anything that the connection named client may read. Everything else that
// it covers is held back message by message.
func (r *rights) maySubscribe(filter, client string) bool {
	if r.role == "admin" && (overlap(filter, r.root+"#") || overlap(filter, "$SYS/#")) {
		return true
	}
	if r.role == rolePulse {
		return filter == pulseTopic
	}
	for _, gateway := range r.gateways {
		for _, topic := range r.readable(gateway, filter, client) {
			if overlap(filter, r.root+gateway+"/"+topic) {
				return true
			}
		}
	}
	if filter[0] == '$' || r.under(filter) {
		return false
	}
	return slices.ContainsFunc(r.read, func(f string) bool { return !r.under(f) && f[0] != '$' && overlap(filter, f) })
}

// readable returns the topics of a gateway that the user may read, as filters below the gateway's level. filter is the
// requested one.
func (r *rights) readable(gateway, filter, client string) []string {
	devices := r.devicesOf(gateway)
	if devices == nil {
		// All devices: any id will do, except the reserved words.
		levels := strings.Split(filter, "/")
		if at := strings.Count(r.root, "/") + 1; len(levels) <= at || !reserved(levels[at]) {
			devices = []string{"+"}
		}
	}
	var topics []string
	if r.role == roleGateway {
		topics = append(topics, "request/+")
		if len(devices) > 0 {
			topics = append(topics, "+/command")
		}
		return topics
	}
	topics = append(topics, "status", "info")
	if ownTopic(client) {
		topics = append(topics, "reply/"+client, "request/"+client)
	}
	for _, device := range devices {
		for _, leaf := range leaves {
			topics = append(topics, device+"/"+leaf)
		}
	}
	return topics
}
