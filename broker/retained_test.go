package broker

import (
	"fmt"
	"testing"
)

// What a user leaves behind takes nothing from others, whatever it is and whoever comes last.
func TestRetainedOfPeople(t *testing.T) {
	r := retained{byTopic: map[string]*message{}}
	put := func(user, topic string, bytes int) (bool, string) {
		return r.put(&message{topic: topic, payload: make([]byte, bytes), origin: "c", keeper: user, most: retainedOfPerson})
	}
	const large = retainedOfPerson/16 - 1000
	users := retainedOfAll / retainedOfPerson
	for i := range users {
		for j := range 16 {
			if kept, _ := put(fmt.Sprint("flood", i), fmt.Sprint("flood/", i, "/", j), large); !kept {
				t.Fatalf("number %d of %d is refused", j, i)
			}
		}
		if kept, _ := put(fmt.Sprint("flood", i), "flood/more", large); kept {
			t.Fatal("there is no bound")
		}
	}
	lost := map[string]bool{}
	for i := range 10 {
		kept, loser := put("phone", fmt.Sprint("phone/", i), 50_000)
		if !kept {
			t.Fatalf("number %d of an honest user is refused", i)
		}
		lost[loser] = true
	}
	if lost["phone"] || len(lost) < 2 || r.all > retainedOfAll {
		t.Errorf("%v lost some, %d bytes are kept", lost, r.all)
	}
	for i := range 10 {
		if r.get(fmt.Sprint("phone/", i)) == nil {
			t.Errorf("number %d is gone", i)
		}
	}
	// A topic whose newest message is not kept has none: an older one would be a lie.
	if kept, _ := put("phone", "flood/0/15", 10); !kept {
		t.Fatal("refused")
	}
	if kept, _ := put("phone", "flood/0/15", retainedOfPerson); kept || r.get("flood/0/15") != nil {
		t.Error("an old message is kept")
	}
	bytes, count := 0, 0
	for _, m := range r.byTopic {
		bytes += m.size()
		count++
	}
	if bytes != r.all || count != len(r.sorted) {
		t.Errorf("%d bytes in %d messages, %d and %d are counted", bytes, count, r.all, len(r.sorted))
	}
}
