package fair

import (
	"slices"
	"strings"
	"testing"
)

// serve takes everything out of a queue of one letter for each entry.
func serve(t *Turns, queue string) (served string) {
	for queue != "" {
		i := t.Next(len(queue), func(i int) string { return queue[i : i+1] })
		served += queue[i : i+1]
		queue = queue[:i] + queue[i+1:]
	}
	return served
}

func TestPersonsAreServedInTurn(t *testing.T) {
	for queue, want := range map[string]string{
		"": "", "a": "a", "aaa": "aaa", "aaab": "abaa", "aabbc": "abcab", "ab": "ab", "aaaabbbb": "abababab",
	} {
		if got := serve(new(Turns), queue); got != want {
			t.Errorf("%s is served as %s, want %s", queue, got, want)
		}
	}
	if i := new(Turns).Next(0, nil); i != -1 {
		t.Error(i)
	}
}

// Whoever was served last is last, even if nothing else waited then.
func TestTurnOutlastsAnEmptyQueue(t *testing.T) {
	var turns Turns
	if got := serve(&turns, "a") + serve(&turns, "ab"); got != "aba" {
		t.Error(got)
	}
	for range 1000 {
		serve(&turns, "xyz")
	}
	if len(turns.served) > 3 {
		t.Errorf("%d persons are remembered", len(turns.served))
	}
}

// A full queue takes its room back from the person who has most of it, so that all come to have the same.
func TestFullQueueIsShared(t *testing.T) {
	queue := strings.Split(strings.Repeat("a", 16), "")
	person := func(i int) string { return queue[i] }
	for range 10 {
		for _, p := range []string{"b", "c", "d"} {
			if i := Most(len(queue), person, p); i >= 0 {
				queue = append(slices.Delete(queue, i, i+1), p)
			}
		}
	}
	slices.Sort(queue)
	if got := strings.Join(queue, ""); got != "aaaabbbbccccdddd" {
		t.Error(got)
	}
	if i := Most(len(queue), person, "a"); i >= 0 {
		t.Error("one of four who have the same takes from another")
	}
	if i := Most(2, func(i int) string { return "ab"[i : i+1] }, "c"); i >= 0 {
		t.Error("nobody has more than one")
	}
}
