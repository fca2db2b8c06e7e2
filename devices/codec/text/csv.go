package text

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// csvCodec turns lines of columns into readings.
type csvCodec struct {
	lineSum
	readings
	separator      byte
	quote, comment string
	columns        int // that a line must have; 0: any number

	places  []place // what is read, by column
	last    int     // the last of them
	named   keys    // what is read by the names of a header
	header  bool    // there is one
	heading []string
	cells   [][]byte // of the line
}

// place is what is read from one column.
type place struct {
	slot
	column int // from 0
}

func NewCSV(c mapping.DeviceConfig, count *wire.Counters) codec.Stream {
	v := &csvCodec{lineSum: newLineSum(c), readings: newReadings(c, count), separator: csvSeparator(c), quote: c.Quote,
		comment: c.Comment, columns: c.Columns, header: c.Header}
	for i, f := range c.Fields {
		if f.Column > 0 {
			v.read(f.Column-1, slot{fields: []int{i}})
		} else {
			at := v.named.at(f.WireKey())
			at.fields = append(at.fields, i)
		}
	}
	for i, condition := range v.match.conditions {
		if n, err := strconv.Atoi(condition.key); err == nil {
			v.read(n-1, slot{conditions: []int{i}})
		} else {
			at := v.named.at(condition.key)
			at.conditions = append(at.conditions, i)
		}
	}
	return v
}

// read lets a column be read.
func (v *csvCodec) read(column int, s slot) {
	v.places = append(v.places, place{s, column})
	v.last = max(v.last, column)
}

func csvSeparator(c mapping.DeviceConfig) byte {
	if c.Separator == "" {
		return ','
	}
	return c.Separator[0]
}

// CheckCSV checks how lines are cut, and where fields stand in them.
func CheckCSV(k *mapping.Checker) {
	checkTextCommands(k)
	d := &k.Device
	k.At = mapping.Problem{}
	separator := csvSeparator(*d)
	switch {
	case len(d.Separator) > 1 || separator >= utf8.RuneSelf || separator == '\n' || separator == '\r' || separator == 0:
		k.Add("separator", fmt.Sprintf("%q is not one ASCII character", d.Separator), `write one as in ";" or "\t"; " " stands for any number of spaces and tabs`)
	case d.DecimalComma && separator == ',':
		k.Add("decimal_comma", "the comma separates the columns already", `name what does in separator, as in separator = ";"`)
	}
	if len(d.Quote) > 1 || d.Quote != "" && (d.Quote[0] == separator || d.Quote[0] >= utf8.RuneSelf) {
		k.Add("quote", fmt.Sprintf("%q is not one ASCII character other than the separator", d.Quote), `leave it out for the double quote, or write "" for none`)
	}
	checkMatches(k, func(key string) (what, try string) {
		if n, err := strconv.Atoi(key); err == nil && n < 1 {
			return fmt.Sprintf("there is no column %d", n), "the first column is 1"
		} else if err == nil && d.Columns > 0 && n > d.Columns {
			return fmt.Sprintf("a line has only %d columns", d.Columns), "name one of them, or mend columns"
		} else if err != nil && !d.Header {
			return fmt.Sprintf("%q is no column", key), `write its number, as in match = { 1 = "GPS" }, or header = true if a line with names comes first`
		}
		return "", ""
	})
	for _, f := range d.Fields {
		k.At = mapping.Problem{Field: f.ID}
		switch {
		case f.Column > 0 && f.Key != "":
			k.Add("key", "column says already where it stands", "keep one of the two")
		case f.Column == 0 && !d.Header:
			k.Add("column", "nothing says where it stands", "write column = 1 for the first one, or header = true in the device if a line with names comes first")
		case d.Columns > 0 && f.Column > d.Columns:
			k.Add("column", fmt.Sprintf("a line has only %d columns", d.Columns), "name one of them, or mend columns")
		}
	}
}

// Decode reads one line. It says no if the line has other columns than it should, or if nothing in it can be read.
func (v *csvCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	v.begin()
	if v.comment != "" && bytes.HasPrefix(text, []byte(v.comment)) {
		return nil, true
	}
	if !v.cut(text) {
		v.tell("a quote is not closed, or something stands behind it, in column %d", len(v.cells)+1)
		return nil, false
	}
	if v.header && v.learn() {
		return nil, true
	}
	if !v.fits() {
		return nil, false
	}
	for i := range v.places {
		p := &v.places[i]
		v.setText(&p.slot, v.cells[p.column])
	}
	// A line whose form is not known to be right may be anything. One that has the columns of the others speaks of
	// the fields, even if it says no more than "OL" and "Err".
	if v.columns < 2 && v.heading == nil && v.senseless() {
		v.count.Because("nothing in it can be read")
		return nil, false
	}
	return v.end()
}

// fits says whether the line has the columns that are read.
func (v *csvCodec) fits() bool {
	n := len(v.cells)
	switch {
	case v.header && len(v.named) > 0 && v.heading == nil:
		v.count.Because("no line with the names of the columns has come yet")
	case v.columns > 0 && n != v.columns:
		v.tell("columns: %d instead of %d", n, v.columns)
	case v.heading != nil && n != len(v.heading):
		v.tell("columns: %d, but %d in the line with their names", n, len(v.heading))
	case n <= v.last:
		v.tell("columns: %d, but column %d is read", n, v.last+1)
	default:
		return true
	}
	return false
}

func (v *csvCodec) tell(format string, args ...any) {
	if v.count.Watched() {
		v.count.Because(fmt.Sprintf(format, args...))
	}
}

// learn takes the line for the one with the names, if it holds all names that are read.
func (v *csvCodec) learn() bool {
	if len(v.named) == 0 {
		return false
	}
	for _, s := range v.named {
		if v.cellNamed(s.key) < 0 {
			return false
		}
	}
	v.places = slices.DeleteFunc(v.places, func(p place) bool { return p.key != "" })
	v.last = 0
	for _, p := range v.places {
		v.last = max(v.last, p.column)
	}
	for _, s := range v.named {
		v.read(v.cellNamed(s.key), s)
	}
	v.heading = nil
	for _, cell := range v.cells {
		v.heading = append(v.heading, string(cell))
	}
	return true
}

// cellNamed is the place of a name in the line; -1 if it does not stand there.
func (v *csvCodec) cellNamed(name string) int {
	return slices.IndexFunc(v.cells, func(cell []byte) bool { return string(cell) == name })
}

// CarryOver takes over the names that the codec of an earlier mapping has learnt: the board says them only once.
func (v *csvCodec) CarryOver(before codec.Stream) {
	b, ok := before.(*csvCodec)
	if !ok || !v.header || b.heading == nil || b.separator != v.separator || b.quote != v.quote {
		return
	}
	v.cells = v.cells[:0]
	for _, name := range b.heading {
		v.cells = append(v.cells, []byte(name))
	}
	v.learn()
}

// ReadHeader looks at the first line after the port was opened, which may be half of one. Boards that were reset by
// the opening say the names of their columns there.
func (v *csvCodec) ReadHeader(text []byte) bool {
	return v.header && v.heading == nil && v.cut(text) && v.learn()
}

// cut cuts a line into cells. It says no if quotes do not fit; then the cells are those before.
func (v *csvCodec) cut(text []byte) bool {
	v.cells = v.cells[:0]
	spaces := v.separator == ' '
	if spaces {
		text = bytes.TrimSpace(text)
	}
	for {
		cell, rest, more, ok := v.cell(text, spaces)
		if !ok {
			return false
		}
		v.cells = append(v.cells, cell)
		if !more {
			return true
		}
		text = rest
		if spaces {
			text = bytes.TrimLeft(text, " \t")
		}
	}
}

// cell takes the first cell off a text. more says that a separator stood behind it.
func (v *csvCodec) cell(text []byte, spaces bool) (cell, rest []byte, more, ok bool) {
	if v.quote != "" {
		if inside := bytes.TrimLeft(text, " "); len(inside) > 0 && inside[0] == v.quote[0] {
			return v.quoted(inside[1:], spaces)
		}
	}
	end := bytes.IndexByte(text, v.separator)
	if spaces {
		end = bytes.IndexAny(text, " \t")
	}
	if end < 0 {
		return bytes.TrimSpace(text), nil, false, true
	}
	return bytes.TrimSpace(text[:end]), text[end+1:], true, true
}

// quoted takes a cell off whose opening quote has been taken. Two quotes in it stand for one.
func (v *csvCodec) quoted(text []byte, spaces bool) (cell, rest []byte, more, ok bool) {
	q := v.quote[0]
	end := bytes.IndexByte(text, q)
	for end >= 0 && end+1 < len(text) && text[end+1] == q {
		next := bytes.IndexByte(text[end+2:], q)
		if next < 0 {
			return nil, nil, false, false
		}
		end += 2 + next
	}
	if end < 0 {
		return nil, nil, false, false
	}
	cell, rest = text[:end], text[end+1:]
	if bytes.IndexByte(cell, q) >= 0 {
		cell = []byte(strings.ReplaceAll(string(cell), v.quote+v.quote, v.quote))
	}
	behind := bytes.TrimLeft(rest, " ")
	switch {
	case len(behind) == 0:
		return cell, nil, false, true
	case behind[0] == v.separator:
		return cell, behind[1:], true, true
	case spaces && (len(behind) < len(rest) || behind[0] == '\t'):
		return cell, behind, true, true
	}
	return nil, nil, false, false
}
