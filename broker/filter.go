package broker

import "strings"

// Bounds of a topic or filter. mochi has none and keeps 92 MB for a topic of 65,000 levels.
const (
	maxTopicLength = 256 // bytes
	maxTopicLevels = 16
)

// validTopic reports whether topic is valid for a client's publish.
func validTopic(topic string) bool {
	return topic != "" && len(topic) <= maxTopicLength && strings.Count(topic, "/") < maxTopicLevels &&
		!strings.ContainsAny(topic, "+#\x00")
}

// validFilter reports whether filter is well-formed: wildcards fill a whole level, and # is the last one (MQTT 5.0,
// 4.7.1).
func validFilter(filter string) bool {
	if filter == "" || len(filter) > maxTopicLength || strings.Count(filter, "/") >= maxTopicLevels ||
		strings.Contains(filter, "\x00") {
		return false
	}
	for more := true; more; {
		var level string
		level, filter, more = strings.Cut(filter, "/")
		if strings.ContainsAny(level, "+#") && (len(level) > 1 || level == "#" && more) {
			return false
		}
	}
	return true
}

// splitShare takes $share/group/ off a shared subscription. The group is "" if filter is not shared.
func splitShare(filter string) (group, inner string, ok bool) {
	rest, shared := strings.CutPrefix(filter, "$share/") // topics are case sensitive, and this is one (MQTT 5.0, 4.7.3)
	if !shared {
		return "", filter, true
	}
	group, inner, ok = strings.Cut(rest, "/")
	return group, inner, ok && group != "" && !strings.ContainsAny(group, "+#")
}

// Matches reports whether a subscription to filter, which may be a shared one, covers topic (MQTT 5.0, 4.7 and 4.8.2):
// wildcards at the beginning of a filter do not match topics that begin with $.
func Matches(filter, topic string) bool {
	_, inner, ok := splitShare(filter)
	return ok && inner != "" && topic != "" && matches(inner, topic)
}

// matches is Matches for a valid filter that is not shared.
func matches(filter, topic string) bool {
	if topic[0] == '$' && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	for {
		want, restFilter, moreFilter := strings.Cut(filter, "/")
		if want == "#" {
			return true
		}
		have, restTopic, moreTopic := strings.Cut(topic, "/")
		if want != "+" && want != have {
			return false
		}
		if !moreTopic {
			return !moreFilter || restFilter == "#"
		}
		if !moreFilter {
			return false
		}
		filter, topic = restFilter, restTopic
	}
}

// overlap reports whether there is a topic that both filters match.
func overlap(a, b string) bool {
	if a[0] == '$' && (b[0] == '+' || b[0] == '#') || b[0] == '$' && (a[0] == '+' || a[0] == '#') {
		return false
	}
	for {
		la, restA, moreA := strings.Cut(a, "/")
		lb, restB, moreB := strings.Cut(b, "/")
		if la == "#" || lb == "#" {
			return true
		}
		if la != "+" && lb != "+" && la != lb {
			return false
		}
		switch {
		case !moreA && !moreB:
			return true
		case !moreA:
			return restB == "#"
		case !moreB:
			return restA == "#"
		}
		a, b = restA, restB
	}
}
