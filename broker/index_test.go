package broker

import "testing"

// The index agrees with the definition of a match.
func TestIndex(t *testing.T) {
	levels := []string{"a", "b", "", "$SYS", "+", "#"}
	var filters, topics []string
	for _, x := range levels {
		for _, y := range levels {
			for _, z := range levels {
				for _, text := range []string{x, x + "/" + y, x + "/" + y + "/" + z} {
					if validFilter(text) {
						filters = append(filters, text, "$share/g/"+text)
					}
					if validTopic(text) {
						topics = append(topics, text)
					}
				}
			}
		}
	}
	x := newIndex()
	entries := map[string]*filter{}
	sessions := map[string]*session{}
	for _, text := range filters {
		if sessions[text] == nil {
			sessions[text] = &session{id: text}
			entries[text] = x.add(sessions[text], text)
		}
	}
	for round := range 2 {
		for _, topic := range topics {
			found, shared := x.match(topic)
			got := map[string]bool{}
			for _, s := range found {
				got[s.id] = true
			}
			for _, g := range shared {
				got[g.filter] = true
			}
			for text := range sessions {
				if want := entries[text] != nil && Matches(text, topic); got[text] != want {
					t.Fatalf("round %d: %q matches %q: %v", round, text, topic, got[text])
				}
			}
			if len(found)+len(shared) != len(got) {
				t.Fatalf("%q: some are found twice", topic)
			}
		}
		for text := range sessions {
			if round == 0 && len(text)%2 == 0 {
				x.remove(sessions[text], entries[text])
				entries[text] = nil
			}
		}
	}
	for text, f := range entries {
		if f != nil {
			x.remove(sessions[text], f)
		}
	}
	if len(x.filters) != 0 || len(x.after) != 0 {
		t.Errorf("%d and %d are left", len(x.filters), len(x.after))
	}
}
