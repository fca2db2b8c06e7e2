package locale

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed zh.toml
var chineseTable string

// catalogue is a table, ready to be searched.
type catalogue struct {
	texts map[string]string // all of it, also the patterns
	// Patterns by the first word of what they match, and those that may begin with anything; the ones with the most
	// literal characters first.
	words map[string][]*pattern
	loose []*pattern
}

// pattern is a sentence with holes.
type pattern struct {
	literals []string     // around the holes: one more than there are holes
	size     int          // of the literals, in bytes
	text     string       // in the other language, with {} or {1} in the place of holes
	lists    map[int]bool // the numbers of the holes that hold lists
}

// chinese is read when the first one asks for it.
var chinese = sync.OnceValue(func() *catalogue {
	c, err := readCatalogue(chineseTable)
	if err != nil {
		panic("locale: zh.toml: " + err.Error()) // a test reads it
	}
	return c
})

// readCatalogue reads the part of TOML that the table needs: a line is blank, a comment, or "key" = "value", with
// the escapes that TOML and Go have in common.
func readCatalogue(table string) (*catalogue, error) {
	c := &catalogue{texts: map[string]string{}, words: map[string][]*pattern{}}
	number := 0
	for line := range strings.Lines(table) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: no key", number)
		}
		key, kerr := strconv.Unquote(quoted)
		value, ok := strings.CutPrefix(strings.TrimSpace(line[len(quoted):]), "=")
		text, verr := strconv.Unquote(strings.TrimSpace(value))
		if _, twice := c.texts[key]; kerr != nil || !ok || verr != nil || twice {
			return nil, fmt.Errorf("line %d: not \"key\" = \"value\", or twice", number)
		}
		c.texts[key] = text
		c.add(key, text)
	}
	for _, list := range c.words {
		sortPatterns(list)
	}
	sortPatterns(c.loose)
	return c, nil
}

func sortPatterns(list []*pattern) {
	slices.SortStableFunc(list, func(a, b *pattern) int { return b.size - a.size })
}

func (c *catalogue) add(key, text string) {
	literals := strings.Split(key, hole)
	if len(literals) == 1 {
		return
	}
	p := &pattern{literals, len(key) - len(hole)*(len(literals)-1), text, lists(text)}
	if word, _, whole := strings.Cut(literals[0], " "); whole {
		c.words[word] = append(c.words[word], p)
		return
	}
	c.loose = append(c.loose, p)
}
