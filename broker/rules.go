package broker

import (
	"fmt"
	"slices"
	"strings"
)

// leaves are the topics below a device that its readers see.
var leaves = [...]string{"model", "state", "availability", "event", "result"}

// reserved are no device ids: they have topics of their own beside the devices.
func reserved(id string) bool {
	return id == "status" || id == "info" || id == "request" || id == "reply"
}

// rights are what one user may do. They are never changed, only replaced.
type rights struct {
	root    string // "minirelay/"
	gateway string // "minirelay/home/"
	role    string
	devices []string // nil: all
	read    []string // further filters outside the root
	write   []string
}

func newRights(c Config, u UserConfig) (*rights, error) {
	if u.Role != "viewer" && u.Role != "operator" && u.Role != "admin" {
		return nil, fmt.Errorf("user %s: role %q is not known; use viewer, operator or admin", u.ID, u.Role)
	}
	for _, filter := range slices.Concat(u.Read, u.Write) {
		if !validFilter(filter) {
			return nil, fmt.Errorf("user %s: %q is not a topic filter; + and # stand for whole levels, # for the last ones", u.ID, filter)
		}
	}
	return &rights{root: c.Root + "/", gateway: c.Root + "/" + c.Gateway + "/",
		role: u.Role, devices: u.Devices, read: u.Read, write: u.Write}, nil
}

func (r *rights) hasDevice(id string) bool {
	return len(r.devices) == 0 || slices.Contains(r.devices, id)
}

// under says whether topic (or a filter of one literal beginning) is at or below the root.
func (r *rights) under(topic string) bool {
	return strings.HasPrefix(topic, r.root) || topic == r.root[:len(r.root)-1]
}

// own is the client's own topic below kind, "request" or "reply"; "" if its id cannot be a level of a topic.
func (r *rights) own(kind, client string) string {
	if client == "" || strings.ContainsAny(client, "/+#") {
		return ""
	}
	return r.gateway + kind + "/" + client
}

// mayRead says whether a message on topic may reach the connection named client.
func (r *rights) mayRead(topic, client string) bool {
	if topic[0] == '$' {
		return r.role == "admin" && strings.HasPrefix(topic, "$SYS/")
	}
	if !r.under(topic) {
		return slices.ContainsFunc(r.read, func(f string) bool { return matches(f, topic) })
	}
	if r.role == "admin" || topic == r.own("reply", client) || topic == r.own("request", client) {
		return true
	}
	rest, ok := strings.CutPrefix(topic, r.gateway)
	if !ok {
		return false
	}
	if rest == "status" || rest == "info" {
		return true
	}
	device, leaf, _ := strings.Cut(rest, "/")
	return slices.Contains(leaves[:], leaf) && !reserved(device) && r.hasDevice(device)
}

// mayWrite says whether the connection named client may publish to topic.
func (r *rights) mayWrite(topic, client string) bool {
	if topic[0] == '$' {
		return false
	}
	if !r.under(topic) {
		return slices.ContainsFunc(r.write, func(f string) bool { return matches(f, topic) })
	}
	if topic == r.own("request", client) {
		return true
	}
	rest, ok := strings.CutPrefix(topic, r.gateway)
	if !ok || r.role == "viewer" {
		return false
	}
	device, leaf, _ := strings.Cut(rest, "/")
	return leaf == "command" && !reserved(device) && r.hasDevice(device)
}

// maySubscribe says whether filter covers anything that the connection named client may read. What else it
// covers is kept back message by message.
func (r *rights) maySubscribe(filter, client string) bool {
	if r.role == "admin" && (overlap(filter, r.root+"#") || overlap(filter, "$SYS/#")) {
		return true
	}
	for _, kind := range []string{"reply", "request"} {
		if own := r.own(kind, client); own != "" && overlap(filter, own) {
			return true
		}
	}
	if overlap(filter, r.gateway+"status") || overlap(filter, r.gateway+"info") || r.readsDevice(filter) {
		return true
	}
	if filter[0] == '$' || r.under(filter) {
		return false
	}
	return slices.ContainsFunc(r.read, func(f string) bool { return !r.under(f) && f[0] != '$' && overlap(filter, f) })
}

// readsDevice says whether filter covers a topic of a device that the user may see.
func (r *rights) readsDevice(filter string) bool {
	devices := r.devices
	if len(devices) == 0 {
		// All devices: any id will do, except the words that are none.
		devices = []string{"+"}
		levels := strings.Split(filter, "/")
		if at := strings.Count(r.gateway, "/"); len(levels) > at && reserved(levels[at]) {
			return false
		}
	}
	for _, device := range devices {
		for _, leaf := range leaves {
			if overlap(filter, r.gateway+device+"/"+leaf) {
				return true
			}
		}
	}
	return false
}
