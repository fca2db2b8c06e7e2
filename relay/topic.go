package relay

import (
	"regexp"
	"strings"
)

// idPattern is what a gateway, a device, a field and a command may be called.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// ValidID says whether s may name a gateway, device, field or command.
func ValidID(s string) bool { return idPattern.MatchString(s) }

// ReservedDevice says whether s is a topic of the gateway itself and so no name for a device.
func ReservedDevice(s string) bool {
	switch s {
	case "status", "info", "request", "reply":
		return true
	}
	return false
}

// Topics names the topics of one gateway.
type Topics struct{ base string }

// NewTopics gives the topics under root/gateway.
func NewTopics(root, gateway string) Topics { return Topics{root + "/" + gateway + "/"} }

// Status carries online or offline, retained.
func (t Topics) Status() string { return t.base + "status" }

// Info carries the gateway itself, retained.
func (t Topics) Info() string { return t.base + "info" }

// Device gives one of a device's topics: model, state, availability, command, result, event.
func (t Topics) Device(device, leaf string) string { return t.base + device + "/" + leaf }

// Reply answers a client's request.
func (t Topics) Reply(client string) string { return t.base + "reply/" + client }

// Split takes a topic below the gateway's apart: "greenhouse", "command" or "request", "phone-1".
func (t Topics) Split(topic string) (first, rest string, ok bool) {
	below, ok := strings.CutPrefix(topic, t.base)
	if !ok {
		return "", "", false
	}
	return strings.Cut(below, "/")
}
