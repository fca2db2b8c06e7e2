package relay

import (
	"regexp"
	"strings"
)

// idPattern matches the ids of gateways, devices, fields and commands.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// ValidID reports whether s can be the id of a gateway, a device, a field or a command.
func ValidID(s string) bool { return idPattern.MatchString(s) }

// ReservedDevice reports whether s is a topic of the gateway itself, and so cannot be the id of a device.
func ReservedDevice(s string) bool {
	switch s {
	case "status", "info", "request", "reply":
		return true
	}
	return false
}

// Topics makes the topics of one gateway.
type Topics struct{ base string }

// NewTopics makes the topics below root/gateway.
func NewTopics(root, gateway string) Topics { return Topics{root + "/" + gateway + "/"} }

// Status is the topic of online or offline, retained.
func (t Topics) Status() string { return t.base + "status" }

// Info is the topic of the gateway itself, retained.
func (t Topics) Info() string { return t.base + "info" }

// Device is one topic of a device: model, state, availability, command, result or event.
func (t Topics) Device(device, leaf string) string { return t.base + device + "/" + leaf }

// Reply is the topic of the answers to a client's requests.
func (t Topics) Reply(client string) string { return t.base + "reply/" + client }

// Split takes a topic below the gateway's apart: "greenhouse", "command" or "request", "phone-1".
func (t Topics) Split(topic string) (first, rest string, ok bool) {
	below, ok := strings.CutPrefix(topic, t.base)
	if !ok {
		return "", "", false
	}
	return strings.Cut(below, "/")
}
