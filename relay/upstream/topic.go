package upstream

import (
	"slices"
	"strings"
)

// class is how a message is treated on its way up.
type class int

const (
	dropped class = iota // it does not go up
	reading              // kept on the disk; live ones first, old ones as replay
	outcome              // results and events: as readings, and dropped last
	current              // only the newest counts: it is sent again after each reconnect
	passing              // worthless later: replies, and everything with QoS 0
)

// route is what is known about one topic.
type route struct {
	class  class
	device string // "" for the gateway itself
	topic  string // below the gateway's own; for a user's own topic, that topic
	own    bool   // it is a user's own topic
}

// full is the topic at the upstream.
func (r *route) full(c *Config) string {
	if r.own {
		return c.prefix() + r.topic
	}
	return c.base() + r.topic
}

// routeOf decides the handling of a message on topic.
func (c *Config) routeOf(topic string) route {
	below, ok := strings.CutPrefix(topic, c.Root+"/"+c.Gateway+"/")
	if !ok {
		device, known := c.Own[topic]
		if !known || !c.sends("own") || !c.sendsDevice(device) {
			return route{}
		}
		return route{class: current, device: device, topic: topic, own: true}
	}
	first, leaf, deeper := strings.Cut(below, "/")
	switch {
	case below == "status":
		return route{class: current, topic: below}
	case below == "info" && c.sends("info"):
		return route{class: current, topic: below}
	case first == "reply" && deeper:
		return route{class: passing, topic: below}
	case !deeper || !c.sends(leaf) || !c.sendsDevice(first):
		return route{}
	}
	r := route{device: first, topic: below}
	switch leaf {
	case "state":
		r.class = reading
	case "result", "event":
		r.class = outcome
	case "model", "availability":
		r.class = current
	}
	return r
}

func (c *Config) sends(kind string) bool { return len(c.Send) == 0 || slices.Contains(c.Send, kind) }

func (c *Config) sendsDevice(id string) bool {
	return len(c.Devices) == 0 || slices.Contains(c.Devices, id)
}

func (c *Config) accepts(kind string) bool { return slices.Contains(c.Accept, kind) }

// commands reports whether the upstream may send commands to a device.
func (c *Config) commands(device string) bool {
	if len(c.Commands) > 0 {
		return slices.Contains(c.Commands, device)
	}
	return c.sendsDevice(device)
}

// filters are the subscriptions at the upstream.
func (c *Config) filters() []string {
	var all []string
	if c.accepts("request") {
		all = append(all, c.base()+"request/+")
	}
	if !c.accepts("command") {
		return all
	}
	allowed := c.Commands
	if len(allowed) == 0 {
		allowed = c.Devices
	}
	if len(allowed) == 0 {
		all = append(all, c.base()+"+/command")
	}
	for _, device := range allowed {
		all = append(all, c.base()+device+"/command")
	}
	if c.Hub && !c.accepts("request") {
		all = append(all, c.base()+c.ownRequest())
	}
	for topic, device := range c.OwnCommands {
		if c.commands(device) {
			all = append(all, c.prefix()+topic)
		}
	}
	slices.Sort(all)
	return all
}

// stamps reports whether a hub puts a stamp on messages on a topic of the gateway's.
func (c *Config) stamps(topic string) bool { return strings.HasPrefix(topic, c.Root+"/"+c.Gateway+"/") }

// isCommand reports whether a topic of the gateway's is one of commands that a hub puts a stamp on.
func (c *Config) isCommand(topic string) bool {
	return c.stamps(topic) && strings.HasSuffix(topic, "/command")
}

// inward returns the gateway's topic of a message from the upstream, if it may come from there. Messages outside our
// subscriptions are ignored.
func (c *Config) inward(topic string) (string, bool) {
	topic, ok := strings.CutPrefix(topic, c.prefix())
	if !ok {
		return "", false
	}
	if below, ok := strings.CutPrefix(topic, c.Root+"/"+c.Gateway+"/"); ok {
		first, rest, _ := strings.Cut(below, "/")
		switch {
		case first == "request":
			own := c.Hub && c.accepts("command") && below == c.ownRequest()
			return topic, own || c.accepts("request") && rest != "" && !strings.Contains(rest, "/")
		case rest == "command":
			return topic, c.accepts("command") && c.commands(first)
		}
		return "", false
	}
	device, known := c.OwnCommands[topic]
	return topic, known && c.accepts("command") && c.commands(device)
}
