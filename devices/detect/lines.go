package detect

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Text is the form of lines of text.
type Text struct {
	Kind      string  // "lines of JSON", "NMEA 0183 sentences", "pairs of keys and values", "columns"; "" for any other form
	Codec     string  // the codec that reads it; "" if only regex could
	Separator string  // between columns
	Columns   int     // of a line
	Values    []Value // in the order in which they came first
	Example   string  // one line
}

// Value is one value in lines of text.
type Value struct {
	Key  string // the key on the wire; of columns "1", "2", …
	Type string // number, bool or text
}

const maxValues = 24 // of a line that are described

// readLines finds the form of lines. Six in ten must have it.
func readLines(lines [][]byte) *Text {
	t := &Text{Example: string(lines[len(lines)-1])}
	for _, read := range []func([][]byte, *Text) int{readJSON, readNMEA, readPairs, readColumns} {
		next := Text{Example: t.Example}
		if n := read(lines, &next); n*10 >= len(lines)*6 && n > 0 {
			return &next
		}
	}
	return t
}

func (t *Text) add(key, kind string) {
	if len(t.Values) < maxValues && !slices.ContainsFunc(t.Values, func(v Value) bool { return v.Key == key }) {
		t.Values = append(t.Values, Value{key, kind})
	}
}

func readJSON(lines [][]byte, t *Text) (n int) {
	t.Kind, t.Codec = "lines of JSON", "json"
	for _, line := range lines {
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] != '{' || !json.Valid(line) {
			continue
		}
		n++
		t.Example = string(line)
		d := json.NewDecoder(bytes.NewReader(line))
		_, _ = d.Token() // {
		t.object(d, "")
	}
	return n
}

// object adds the values of an object in their order. Its { has been read.
func (t *Text) object(d *json.Decoder, prefix string) {
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return
		}
		name := prefix + key.(string)
		value, err := d.Token()
		if err != nil {
			return
		}
		switch v := value.(type) {
		case json.Delim:
			if v == '{' {
				t.object(d, name+".")
			} else {
				skip(d)
			}
		case float64:
			t.add(name, "number")
		case bool:
			t.add(name, "bool")
		case string:
			t.add(name, "text")
		}
	}
	_, _ = d.Token() // }
}

// skip reads to the end of a list.
func skip(d *json.Decoder) {
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
}

var sentence = regexp.MustCompile(`^[$!][A-Z]{2,8},.*\*([0-9A-Fa-f]{2})\s*$`)

func readNMEA(lines [][]byte, t *Text) (n int) {
	t.Kind, t.Codec = "NMEA 0183 sentences", "nmea"
	for _, line := range lines {
		m := sentence.FindSubmatch(line)
		if m == nil {
			continue
		}
		var sum byte
		for _, b := range line[1:bytes.LastIndexByte(line, '*')] {
			sum ^= b
		}
		if want, err := strconv.ParseUint(string(m[1]), 16, 8); err == nil && byte(want) == sum {
			n++
		}
	}
	for _, key := range []string{"latitude", "longitude", "speed", "satellites", "fix_quality"} {
		t.add(key, "number")
	}
	return n
}

var pair = regexp.MustCompile(`([\p{L}_][\p{L}0-9_./\[\]-]{0,31})\s{0,2}[=:]\s*([+-]?[0-9]+(?:\.[0-9]+)?|[\p{L}]\w*)`)

func readPairs(lines [][]byte, t *Text) (n int) {
	t.Kind, t.Codec = "pairs of keys and values", "pairs"
	numbers := 0
	for _, line := range lines {
		found := pair.FindAllSubmatch(line, -1)
		if len(found) == 0 {
			continue
		}
		n++
		for _, m := range found {
			kind := "text"
			if _, err := strconv.ParseFloat(string(m[2]), 64); err == nil {
				kind = "number"
				numbers++
			}
			t.add(string(m[1]), kind)
		}
	}
	if numbers == 0 {
		return 0
	}
	return n
}

func readColumns(lines [][]byte, t *Text) (n int) {
	t.Kind, t.Codec = "columns", "csv"
	for _, separator := range []string{",", ";", "\t", "|", " "} {
		byCount := map[int]int{}
		for _, line := range lines {
			byCount[len(columnsOf(line, separator))]++
		}
		best := 0
		for columns, lines := range byCount {
			if lines > byCount[best] || lines == byCount[best] && columns > best {
				best = columns
			}
		}
		if best < 2 && separator != " " {
			continue
		}
		t.Separator, t.Columns, t.Values = separator, best, nil
		n = 0
		numbers := 0
		for _, line := range lines {
			columns := columnsOf(line, separator)
			if len(columns) != best {
				continue
			}
			n++
			for i, c := range columns {
				kind := "text"
				if _, err := strconv.ParseFloat(c, 64); err == nil {
					kind = "number"
					numbers++
				}
				t.add(strconv.Itoa(i+1), kind)
			}
		}
		if n > 0 && numbers*2 >= n*best {
			return n
		}
	}
	return 0
}

func columnsOf(line []byte, separator string) (columns []string) {
	if separator == " " {
		return strings.Fields(string(line))
	}
	for _, c := range strings.Split(strings.TrimSpace(string(line)), separator) {
		columns = append(columns, strings.TrimSpace(c))
	}
	return columns
}
