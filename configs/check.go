package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"minirelay/relay"
)

// checker finds faults that only a whole config can show. It reports nothing about keys that the walker has already
// rejected.
type checker struct {
	*walker
	root  *node
	doc   document
	whole bool // every file could be read completely, so an absent key is really missing
}

func (k *checker) check(path string) {
	k.checkGateway()
	k.checkBroker()
	k.checkMetrics()
	k.checkUsers(path)
	k.checkPorts()
	k.checkDevices()
	k.checkTopics()
	k.checkUpstreams()
}

// at returns the place of a key's value, or of the nearest table around it.
func (k *checker) at(names ...string) place {
	n := k.root
	for _, name := range names {
		c := n.child(name)
		if c == nil {
			break
		}
		n = c
	}
	return n.at
}

// has reports whether a key is present and the walker found no fault in it.
func (k *checker) has(names ...string) bool {
	return k.root.get(names...) != nil && k.sound(names...)
}

// unread reports whether a secret is elsewhere and was not looked at.
func (k *checker) unread(names ...string) bool {
	n := k.root.get(names...)
	return k.elsewhere && n != nil && tellsWhere(n)
}

// misspelt reports whether a key is absent because an unknown key was probably meant to be it.
func (k *checker) misspelt(names ...string) bool {
	return k.root.get(names...) == nil && !k.sound(names...)
}

// sound reports whether the walker found no fault in a key, or in its absence.
func (k *checker) sound(names ...string) bool {
	last := len(names) - 1
	table := k.root.get(names[:last]...)
	return !k.spoilt(table, names[last])
}

var rootLevels = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)

func validRoot(root string) bool { return rootLevels.MatchString(root) && len(root) <= 64 }

func (k *checker) checkGateway() {
	g := k.doc.Gateway
	if g.ID != "" && k.has("gateway", "id") && !relay.ValidID(g.ID) {
		k.fault(k.at("gateway", "id"), fmt.Sprintf("%q cannot be an id", g.ID), properID(g.ID))
	}
	if k.has("gateway", "root") && !validRoot(g.Root) {
		k.doc.Gateway.Root = DefaultGateway().Root // for the checks of topics
		k.fault(k.at("gateway", "root"), fmt.Sprintf("root = %q cannot begin a topic", g.Root),
			"use up to 64 letters, digits, - and _, with / between levels; leave it out for minirelay")
	}
	if k.has("gateway", "data_dir") && g.DataDir == "" {
		k.fault(k.at("gateway", "data_dir"), "data_dir is empty", "name a directory, or leave it out for "+DefaultGateway().DataDir)
	}
}

// owner is the first holder of a port or a topic.
type owner struct {
	what string // its table, as shown to users
	at   place
}

// taken returns the earlier owner of something, and records the new one if there is none.
func taken(owners map[string]owner, thing, what string, at place) (owner, bool) {
	if o, ok := owners[thing]; ok {
		return o, true
	}
	owners[thing] = owner{what, at}
	return owner{}, false
}

// checkTopics checks the topics that users choose: the gateway must be able to publish to each one, and no two may be
// equal.
func (k *checker) checkTopics() {
	owners := map[string]owner{}
	check := func(topic string, names ...string) {
		names = append(names, "topic")
		if topic == "" || !k.has(names...) {
			return
		}
		at := k.at(names...)
		if what, try := topicFault(topic, k.doc.Gateway.Root); what != "" {
			k.fault(at, what, try)
			return
		}
		if o, ok := taken(owners, topic, bracket(strings.Join(names[:len(names)-1], ".")), at); ok {
			k.fault(at, fmt.Sprintf("the topic %q is taken by %s", topic, o.what), "give each its own; the other is at "+o.at.String())
		}
	}
	for _, d := range k.doc.Devices {
		check(d.Topic, "devices", d.ID)
		for _, f := range d.Fields {
			check(f.Topic, "devices", d.ID, "fields", f.ID)
		}
		for _, c := range d.Commands {
			check(c.Topic, "devices", d.ID, "commands", c.ID)
		}
	}
}

// Bounds of a topic, the same as the broker's.
const (
	maxTopicLength = 256 // bytes
	maxTopicLevels = 16
)

// topicFault returns the reason why topic cannot be a user's own topic next to the gateway's topics below root.
func topicFault(topic, root string) (what, try string) {
	switch {
	case strings.ContainsAny(topic, "+#"):
		return "a topic to publish to has no + and no #", "name one topic, for example home/greenhouse/temperature"
	case strings.HasPrefix(topic, "$"):
		return "topics that begin with $ belong to the broker", "use another first level, for example home/…"
	case topic == root || strings.HasPrefix(topic, root+"/"):
		return fmt.Sprintf("topics below %s belong to the gateway", root), "use another first level, for example home/…"
	}
	return lengthFault(topic)
}

func lengthFault(topic string) (what, try string) {
	switch {
	case topic == "":
		return "the topic is empty", "leave it out, or name one such as home/greenhouse"
	case strings.Contains(topic, "\x00"):
		return "the topic contains a NUL character", "leave it out"
	case len(topic) > maxTopicLength || strings.Count(topic, "/") >= maxTopicLevels:
		return "the topic is too long", fmt.Sprintf("use at most %d bytes and %d levels", maxTopicLength, maxTopicLevels)
	}
	return "", ""
}

// filterFault returns the reason why filter cannot be a user's filter for topics outside root.
func filterFault(filter, root string) (what, try string) {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		if strings.ContainsAny(level, "+#") && (len(level) > 1 || level == "#" && i < len(levels)-1) {
			return fmt.Sprintf("%q is not a topic filter", filter), "+ stands for one level, # for all levels that follow: home/+/set, home/#"
		}
	}
	if strings.HasPrefix(filter, "$") {
		return "topics that begin with $ belong to the broker", "leave it out; admins may read $SYS"
	}
	if overlapsRoot(levels, strings.Split(root, "/")) {
		return fmt.Sprintf("%q covers topics below %s, where the role alone decides", filter, root),
			"name the first level of your own topics, for example home/#"
	}
	return lengthFault(filter)
}

// overlapsRoot reports whether a filter matches the root itself or a topic below it.
func overlapsRoot(filter, root []string) bool {
	for i, level := range root {
		if i == len(filter) {
			return false
		}
		if filter[i] == "#" {
			return true
		}
		if filter[i] != "+" && filter[i] != level {
			return false
		}
	}
	return true
}

// reference reports a name that does not refer to anything.
func (k *checker) reference(at place, what, name string, known []string) {
	k.fault(at, what, didYouMean(name, slices.Clone(known), "there are "))
}
