package configs

import (
	"strings"
)

// Nearest returns the candidate that is most similar to word, if one is similar enough.
func Nearest(word string, candidates []string) (string, bool) {
	best, least := "", 1+max(1, len([]rune(word))/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least && d < len([]rune(c)) {
			best, least = c, d
		}
	}
	return best, best != ""
}

// distance counts the letters to insert, delete, replace or swap with a neighbour to turn a into b (optimal string
// alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 64 || len(t) > 64 {
		return 64 // longer than any known word
	}
	before, last := []int(nil), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		row := make([]int, len(t)+1)
		row[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(t)]
}

// didYouMean suggests the candidate most similar to word, or lists them all after otherwise.
func didYouMean(word string, candidates []string, otherwise string) string {
	if len(candidates) == 0 {
		return "there are none yet: add it"
	}
	if c, ok := Nearest(word, candidates); ok {
		return `did you mean "` + c + `"?`
	}
	return otherwise + strings.Join(candidates, ", ")
}
