package broker

import (
	"fmt"
	"strings"
	"testing"
)

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a/b", "a", false}, {"a", "a/b", false},
		{"a/+", "a/b", true}, {"a/+", "a", false}, {"a/+", "a/b/c", false}, {"a/+", "a/", true}, {"+/+", "/a", true},
		{"a/#", "a", true}, {"a/#", "a/b/c", true}, {"a/#", "ab", false}, {"#", "a/b", true}, {"+/#", "a", true},
		{"#", "$SYS/x", false}, {"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true}, {"a/+/c", "a/b/c", true},
	} {
		if got := matches(test.filter, test.topic); got != test.want {
			t.Errorf("matches(%q, %q) = %v", test.filter, test.topic, got)
		}
	}
}

// A Handler's filter may be a shared subscription too, and an invalid filter covers nothing.
func TestMatchesShared(t *testing.T) {
	for filter, want := range map[string]bool{
		"a/#": true, "$share/group/a/#": true, "$share/group/a/+": true, "$SHARE/group/a/+": false, "$share/group/b": false,
		"": false, "$share/group": false, "$share/group/": false, "$share//a/b": false,
	} {
		if got := Matches(filter, "a/b"); got != want {
			t.Errorf("Matches(%q) = %v", filter, got)
		}
	}
	if Matches("$share/group/#", "$SYS/x") || Matches("#", "") {
		t.Error("# matches $SYS, or nothing")
	}
}

func TestValidFilter(t *testing.T) {
	for filter, want := range map[string]bool{
		"a": true, "#": true, "+": true, "a/+/b": true, "a/#": true, "/": true, "+/+/#": true,
		"": false, "a+": false, "a/b#": false, "#/a": false, "a/#/b": false, "+a/b": false, "a\x00b": false,
		strings.Repeat("a/", 15) + "a": true, strings.Repeat("a/", 16) + "a": false, strings.Repeat("a", 257): false,
	} {
		if got := validFilter(filter); got != want {
			t.Errorf("validFilter(%q) = %v", filter, got)
		}
	}
}

// universe is every topic of up to three levels over a few words, among them an empty one and one with a $.
func universe() (topics []string) {
	words := []string{"a", "b", "", "$x"}
	for _, x := range words {
		topics = append(topics, x)
		for _, y := range words {
			topics = append(topics, x+"/"+y)
			for _, z := range words {
				topics = append(topics, x+"/"+y+"/"+z)
			}
		}
	}
	return topics
}

// overlap agrees with a trial of every topic.
func TestOverlap(t *testing.T) {
	words := []string{"a", "b", "+", "#", "$x"}
	var filters []string
	for _, x := range words {
		filters = append(filters, x)
		for _, y := range words {
			filters = append(filters, x+"/"+y)
			for _, z := range words {
				filters = append(filters, x+"/"+y+"/"+z)
			}
		}
	}
	for _, a := range filters {
		for _, b := range filters {
			if validFilter(a) && validFilter(b) {
				lawOfOverlap(t, a, b)
			}
		}
	}
}

func lawOfOverlap(t *testing.T, a, b string) {
	t.Helper()
	var common string
	for _, topic := range universe() {
		if topic != "" && matches(a, topic) && matches(b, topic) {
			common = topic
			break
		}
	}
	if got := overlap(a, b); got != (common != "") {
		t.Errorf("overlap(%q, %q) = %v, common topic %q", a, b, got, common)
	}
}

func FuzzOverlap(f *testing.F) {
	f.Add("a/+/#", "+/b")
	f.Add("#", "$x/a")
	f.Add("a/#", "a")
	inside := func(filter string) bool {
		if !validFilter(filter) || strings.Count(filter, "/") > 2 {
			return false
		}
		for _, level := range strings.Split(filter, "/") {
			if !strings.Contains("a b + # $x", level) || strings.Contains(level, " ") || level == "$" || level == "x" {
				return false
			}
		}
		return true
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if validFilter(a) && validFilter(b) && overlap(a, b) != overlap(b, a) {
			t.Errorf("overlap(%q, %q) depends on the order", a, b)
		}
		if inside(a) && inside(b) {
			lawOfOverlap(t, a, b)
		}
	})
}

// A user may subscribe to every topic that the user may read, and a refused filter covers no readable topic.
func TestSubscribeAgreesWithRead(t *testing.T) {
	cfg := testConfig(t)
	var topics, filters []string
	for _, gateway := range []string{"home", "other"} {
		for _, device := range []string{"greenhouse", "meter", "status", "info", "request", "reply"} {
			for _, leaf := range []string{"", "/state", "/model", "/command", "/phone", "/state/x"} {
				topics = append(topics, "minirelay/"+gateway+"/"+device+leaf)
			}
		}
	}
	topics = append(topics, "minirelay", "minirelay/x", "home", "home/a", "home/a/set", "else/a", "$SYS/broker/uptime", "$other/x")
	for _, topic := range topics {
		levels := strings.Split(topic, "/")
		for mask := range 1 << len(levels) {
			parts := append([]string(nil), levels...)
			for i := range parts {
				if mask>>i&1 == 1 {
					parts[i] = "+"
				}
			}
			filters = append(filters, strings.Join(parts, "/"), strings.Join(append(parts[:len(parts)-1:len(parts)-1], "#"), "/"))
		}
	}
	for _, u := range cfg.Users {
		r, err := newRights(cfg, u)
		if err != nil {
			t.Fatal(err)
		}
		for _, filter := range filters {
			some := ""
			for _, topic := range topics {
				if matches(filter, topic) && r.mayRead(topic, "phone") {
					some = topic
				}
			}
			if some != "" && !r.maySubscribe(filter, "phone") {
				t.Errorf("%s may read %s, but not subscribe to %s", u.ID, some, filter)
			}
		}
	}
}

func ExampleHashPassword() {
	hash, err := HashPassword("correct horse")
	fmt.Println(strings.HasPrefix(hash, "$argon2id$v=19$m=7168,t=5,p=1$"), err, CheckHash(hash))
	// Output: true <nil> <nil>
}
