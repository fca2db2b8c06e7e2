package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"minirelay/relay"
)

// checker finds what only a whole config can show. It says nothing about keys that the walker has found wrong.
type checker struct {
	*walker
	root  *node
	doc   document
	whole bool // no file has a part that could not be read: what is not there is missing
}

func (k *checker) check(path string) {
	k.checkGateway()
	k.checkBroker()
	k.checkUsers(path)
	k.checkPorts()
	k.checkDevices()
	k.checkTopics()
	k.checkUpstreams()
}

// at is where the value of a key stands, or the nearest table around it.
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

// has says whether a key stands in the file and the walker found nothing wrong with it.
func (k *checker) has(names ...string) bool {
	return k.root.get(names...) != nil && k.sound(names...)
}

// sound says whether the walker found nothing wrong with a key, or with its absence.
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

// owner is who has taken a port or a topic first.
type owner struct {
	what string // its table, as people call it
	at   place
}

// taken finds who has taken something before, and notes the new one if nobody has.
func taken(owners map[string]owner, thing, what string, at place) (owner, bool) {
	if o, ok := owners[thing]; ok {
		return o, true
	}
	owners[thing] = owner{what, at}
	return owner{}, false
}

// checkTopics checks people's own topics: each must be one that the gateway can publish to, and nobody else's.
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

// Bounds of a topic, as the broker has them.
const (
	maxTopicLength = 256 // bytes
	maxTopicLevels = 16
)

// topicFault tells why topic cannot be a topic of people's own beside the gateway's below root.
func topicFault(topic, root string) (what, try string) {
	switch {
	case strings.ContainsAny(topic, "+#"):
		return "a topic to publish to has no + and no #", "name one topic, as in home/greenhouse/temperature"
	case strings.HasPrefix(topic, "$"):
		return "topics that begin with $ belong to the broker", "use another first level, as in home/…"
	case topic == root || strings.HasPrefix(topic, root+"/"):
		return fmt.Sprintf("topics below %s belong to the gateway", root), "use another first level, as in home/…"
	}
	return lengthFault(topic)
}

func lengthFault(topic string) (what, try string) {
	switch {
	case topic == "":
		return "the topic is empty", "leave it out, or name one as in home/greenhouse"
	case strings.Contains(topic, "\x00"):
		return "the topic holds a NUL character", "leave it out"
	case len(topic) > maxTopicLength || strings.Count(topic, "/") >= maxTopicLevels:
		return "the topic is too long", fmt.Sprintf("use at most %d bytes and %d levels", maxTopicLength, maxTopicLevels)
	}
	return "", ""
}

// filterFault tells why filter cannot be a user's filter for topics outside root.
func filterFault(filter, root string) (what, try string) {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		if strings.ContainsAny(level, "+#") && (len(level) > 1 || level == "#" && i < len(levels)-1) {
			return fmt.Sprintf("%q is not a topic filter", filter), "+ takes the place of one level, # of all levels that follow: home/+/set, home/#"
		}
	}
	if strings.HasPrefix(filter, "$") {
		return "topics that begin with $ belong to the broker", "leave it out; admins may read $SYS"
	}
	if overlapsRoot(levels, strings.Split(root, "/")) {
		return fmt.Sprintf("%q covers topics below %s, where the role alone decides", filter, root),
			"name the first level of your own topics, as in home/#"
	}
	return lengthFault(filter)
}

// overlapsRoot says whether a filter matches the root itself or a topic below it.
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

// reference says that a name leads nowhere.
func (k *checker) reference(at place, kind, name string, known []string) {
	k.fault(at, fmt.Sprintf("there is no %s %s", kind, strconv.Quote(name)),
		didYouMean(name, slices.Clone(known), "there are: "))
}
