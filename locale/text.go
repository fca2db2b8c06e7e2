package locale

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hole is in the place of a value.
const hole = "{}"

// listMark separates the items of a list in Chinese. In a hole of a Chinese text it says that the value is a list.
const listMark = "、"

const (
	maxText  = 4096 // bytes; what is longer is no sentence
	maxDepth = 6    // of holes in holes
)

// Text gives a finished English sentence in the language. An unknown one stays as it is.
func (l Language) Text(sentence string) string {
	if l != Chinese {
		return sentence
	}
	return chinese().text(sentence, maxDepth)
}

func (c *catalogue) text(s string, depth int) string {
	before, s, after := trimmed(s)
	return before + c.sentence(s, depth) + after
}

// trimmed cuts the white space around s off.
func trimmed(s string) (before, text, after string) {
	text = strings.TrimLeft(s, " \n")
	before = s[:len(s)-len(text)]
	text = strings.TrimRight(text, " \n")
	return before, text, s[len(before)+len(text):]
}

func (c *catalogue) sentence(s string, depth int) string {
	if text, ok := c.texts[s]; ok && !strings.Contains(s, hole) {
		return text
	}
	if s == "" || len(s) > maxText || depth == 0 {
		return s
	}
	if question, ok := strings.CutSuffix(s, ":"); ok {
		if text := c.sentence(question, depth-1); text != question {
			return text + "："
		}
	}
	masked := mask(s)
	if text, ok := c.beginning(s, masked, depth); ok {
		return text
	}
	word, rest, _ := strings.Cut(s, " ")
	best, holes := c.match(c.words[word], s, masked, 0, depth)
	if best == nil && keyBefore.MatchString(word) {
		if text := c.value(rest, depth); text != rest {
			return strings.TrimSuffix(word, ":") + "：" + text
		}
	}
	least := 0
	if best != nil {
		least = best.size
	}
	if p, h := c.match(c.loose, s, masked, least, depth); p != nil {
		best, holes = p, h
	}
	if best != nil {
		for i, h := range holes {
			switch {
			case best.lists[i+1]:
				holes[i] = c.list(h, depth)
			case !strings.HasSuffix(best.literals[i], `"`): // else it is quoted
				holes[i] = c.value(h, depth)
			}
		}
		return fill(best.text, holes)
	}
	return c.parts(s, masked, depth)
}

// keyBefore is the key of a config in front of what is wrong with it, which no pattern may take for a part of a sentence.
var keyBefore = regexp.MustCompile(`^[a-z][a-z0-9_.]*:$`)

// value translates what was put into a hole. Only sentences and parts of them have blanks: a name or a key has none.
func (c *catalogue) value(s string, depth int) string {
	if !strings.Contains(s, " ") || s[0] == '"' && strings.HasSuffix(s, `"`) && strings.Count(s, `"`) == 2 {
		return s
	}
	return c.text(s, depth-1)
}

// list translates a list of names or values. English separates them by commas, Chinese by 、.
func (c *catalogue) list(s string, depth int) string {
	masked := mask(s)
	var b strings.Builder
	for {
		at := strings.Index(masked, ", ")
		if at < 0 {
			b.WriteString(c.value(s, depth))
			return b.String()
		}
		b.WriteString(c.value(s[:at], depth))
		b.WriteString(listMark)
		s, masked = s[at+len(", "):], masked[at+len(", "):]
	}
}

// signs are what sentences are put together with.
var signs = [...]struct{ english, chinese string }{{"\n", "\n"}, {"; ", "；"}, {": ", "："}, {", ", "，"}}

// beginning translates a sentence that begins with one of the table, before a pattern takes it for another one.
func (c *catalogue) beginning(s, masked string, depth int) (string, bool) {
	for _, sign := range signs {
		for at, end := 0, 0; ; end = at + 1 {
			next := strings.Index(masked[end:], sign.english)
			if next < 0 {
				break
			}
			at = end + next
			rest := s[at+len(sign.english):]
			if text, ok := c.texts[s[:at]]; ok && strings.Contains(s[:at], " ") && !strings.Contains(s[:at], hole) {
				if b := c.value(rest, depth); b != rest {
					return text + sign.chinese + b, true
				}
			}
		}
	}
	return "", false
}

// parts translates the parts of a sentence that was put together from several.
func (c *catalogue) parts(s, masked string, depth int) string {
	for _, sign := range signs {
		at := strings.Index(masked, sign.english)
		if at < 0 {
			continue
		}
		first, rest := s[:at], s[at+len(sign.english):]
		a, b := c.value(first, depth), c.value(rest, depth)
		if a == first && b == rest || sign.english == ", " && (a == first || b == rest) {
			return s // names may have commas between them
		}
		return a + sign.chinese + b
	}
	return s
}

// match gives the first of the patterns with more than least literal bytes that fits s, and what is in its holes.
func (c *catalogue) match(patterns []*pattern, s, masked string, least, depth int) (*pattern, []string) {
	strange := func(h string) bool { return prose.MatchString(h) && c.value(h, depth) == h }
	for _, p := range patterns {
		if p.size <= least {
			break
		}
		holes := p.match(s, masked)
		if holes == nil || slices.ContainsFunc(holes, c.several) {
			continue
		}
		if p.size >= leastSure || !slices.ContainsFunc(holes, strange) {
			return p, holes
		}
	}
	return nil, nil
}

// several says whether a hole holds the beginning of the next sentence too: then the parts are translated one by one.
func (c *catalogue) several(h string) bool {
	return strings.Contains(h, "; ") && strings.Contains(mask(h), "; ") && c.texts[h] == ""
}

// leastSure is how many bytes of a pattern show that a sentence is meant by it. Of two or three words, for example "use {}",
// a sentence that the table does not have can be made too: then prose in a hole shows it.
const leastSure = 10

var prose = regexp.MustCompile(`^[a-z']+ [a-z']+$|\b[a-z']+ [a-z']+ [a-z']+\b`)

// match gives what is in the holes, which are never empty and as short as can be; nil if the pattern does not fit.
func (p *pattern) match(s, masked string) []string {
	first, last := p.literals[0], p.literals[len(p.literals)-1]
	if len(s) < p.size+len(p.literals)-1 || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return nil
	}
	holes := make([]string, 0, len(p.literals)-1)
	at, end := len(first), len(s)-len(last)
	for _, literal := range p.literals[1 : len(p.literals)-1] {
		next := find(s[:end], masked[:end], literal, at+1)
		if next < 0 {
			return nil
		}
		holes = append(holes, s[at:next])
		at = next + len(literal)
	}
	if at >= end {
		return nil
	}
	return append(holes, s[at:end])
}

// find is where literal begins in s, at or behind from, and not within quotes.
func find(s, masked, literal string, from int) int {
	wanted := mask(literal)
	for from < len(s) {
		at := strings.Index(masked[from:], wanted)
		if at < 0 {
			return -1
		}
		if at += from; s[at:at+len(literal)] == literal {
			return at
		}
		from = at + 1
	}
	return -1
}

// mask puts a control character into the place of all that is between double quotes.
func mask(s string) string {
	open := strings.IndexByte(s, '"')
	if open < 0 {
		return s
	}
	b := []byte(s)
	for open >= 0 {
		end := open + 1
		for end < len(s) && s[end] != '"' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(s) {
			break // a quote that is never closed
		}
		for i := open + 1; i < end; i++ {
			b[i] = 1
		}
		next := strings.IndexByte(s[end+1:], '"')
		if next < 0 {
			break
		}
		open = end + 1 + next
	}
	return string(b)
}

// anyHole finds the holes in a Chinese text.
var anyHole = regexp.MustCompile(`\{(\d*)(` + listMark + `?)\}`)

// lists returns the numbers of the holes in a Chinese text that hold lists: {、}, or {2、}.
func lists(text string) map[int]bool {
	if !strings.Contains(text, listMark+"}") {
		return nil
	}
	all, next := map[int]bool{}, 0
	for _, h := range anyHole.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(h[1])
		if err != nil {
			next++
			n = next
		}
		all[n] = h[2] != ""
	}
	return all
}

// fill puts values into {1}, {2} and, in order, into each {}. A mark of a list in a hole has no meaning here.
func fill(text string, values []string) string {
	var b strings.Builder
	for next := 0; ; {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:open])
		text = text[open:]
		end := strings.IndexByte(text, '}')
		number := ""
		if end > 1 {
			number = strings.TrimSuffix(text[1:end], listMark)
		}
		n, err := next+1, error(nil)
		if number != "" {
			n, err = strconv.Atoi(number)
		}
		if end < 0 || err != nil || n < 1 || n > len(values) {
			b.WriteByte('{') // a brace of the sentence itself
			text = text[1:]
			continue
		}
		if number == "" {
			next++
		}
		b.WriteString(values[n-1])
		text = text[end+1:]
	}
}
