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

// csvCodec decodes lines of columns.
type csvCodec struct {
	lineSum
	readings
	separator      byte
	quote, comment string
	width          int // that a line must have; 0: any number

	columns []column // the columns to read
	last    int      // index of the last of them
	named   keys     // the columns to read by name
	header  bool     // the first line has names
	names   []string
	cells   [][]byte // of the line
}

// column is the fields and conditions of one column.
type column struct {
	slot
	index int // from 0
}

// NewCSV returns the decoder of codec csv. tap receives what it drops.
func NewCSV(c mapping.DeviceConfig, tap *wire.Tap) codec.Stream {
	v := &csvCodec{lineSum: newLineSum(c), readings: newReadings(c, tap), separator: csvSeparator(c), quote: c.Quote,
		comment: c.Comment, width: c.Columns, header: c.Header}
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

// read adds a column to read.
func (v *csvCodec) read(index int, s slot) {
	v.columns = append(v.columns, column{s, index})
	v.last = max(v.last, index)
}

func csvSeparator(c mapping.DeviceConfig) byte {
	if c.Separator == "" {
		return ','
	}
	return c.Separator[0]
}

// CheckCSV reports everything in the mapping of codec csv that cannot work.
func CheckCSV(k *mapping.Checker) {
	checkTextCommands(k)
	d := &k.Device
	k.At = mapping.Problem{}
	separator := csvSeparator(*d)
	switch {
	case len(d.Separator) > 1 || separator >= utf8.RuneSelf || separator == '\n' || separator == '\r' || separator == 0:
		k.Add("separator", fmt.Sprintf("%q is not one ASCII character", d.Separator), `write one such as ";" or "\t"; " " is any number of spaces and tabs`)
	case d.DecimalComma && separator == ',':
		k.Add("decimal_comma", "the comma already separates the columns", `use another separator, for example separator = ";"`)
	}
	if len(d.Quote) > 1 || d.Quote != "" && (d.Quote[0] == separator || d.Quote[0] >= utf8.RuneSelf) {
		k.Add("quote", fmt.Sprintf("%q is not one ASCII character other than the separator", d.Quote), `leave it out for the double quote, or write "" for none`)
	}
	checkMatches(k, func(key string) (what, try string) {
		if n, err := strconv.Atoi(key); err == nil && n < 1 {
			return fmt.Sprintf("unknown column %d", n), "the first column is 1"
		} else if err == nil && d.Columns > 0 && n > d.Columns {
			return fmt.Sprintf("a line has only %d columns", d.Columns), "use one of them, or correct columns"
		} else if err != nil && !d.Header {
			return fmt.Sprintf("%q is not a column", key), `write its number, for example match = { 1 = "GPS" }, or header = true if a line with names comes first`
		}
		return "", ""
	})
	for _, f := range d.Fields {
		k.At = mapping.Problem{Field: f.ID}
		switch {
		case f.Column > 0 && f.Key != "":
			k.Add("key", "column already determines its position", "keep one of the two")
		case f.Column == 0 && !d.Header:
			k.Add("column", "the field has no column", "write column = 1 for the first one, or header = true in the device if a line with names comes first")
		case d.Columns > 0 && f.Column > d.Columns:
			k.Add("column", fmt.Sprintf("a line has only %d columns", d.Columns), "use one of them, or correct columns")
		}
	}
}

// Decode reads one line. ok is false if the line has the wrong number of columns, or if none of them can be read.
func (v *csvCodec) Decode(text []byte) (readings []relay.Reading, ok bool) {
	v.begin()
	if v.comment != "" && bytes.HasPrefix(text, []byte(v.comment)) {
		return nil, true
	}
	if !v.split(text) {
		v.because("a quote is not closed, or is followed by other text, in column %d", len(v.cells)+1)
		return nil, false
	}
	if v.header && v.readNames() {
		return nil, true
	}
	if !v.fits() {
		return nil, false
	}
	for i := range v.columns {
		p := &v.columns[i]
		v.setText(&p.slot, v.cells[p.index])
	}
	// A line of unknown form may be anything. One with the expected number of columns has values of the fields, even if
	// they are only "OL" and "Err".
	if v.width < 2 && v.names == nil && v.Unreadable() {
		v.tap.Because("none of its columns can be read")
		return nil, false
	}
	return v.end()
}

// fits says whether the line has the columns to read.
func (v *csvCodec) fits() bool {
	n := len(v.cells)
	switch {
	case v.header && len(v.named) > 0 && v.names == nil:
		v.tap.Because("the line with the column names has not come yet")
	case v.width > 0 && n != v.width:
		v.because("columns: %d instead of %d", n, v.width)
	case v.names != nil && n != len(v.names):
		v.because("columns: %d, but %d in the line with the column names", n, len(v.names))
	case n <= v.last:
		v.because("columns: %d, but a field reads column %d", n, v.last+1)
	default:
		return true
	}
	return false
}

func (v *csvCodec) because(format string, args ...any) {
	if v.tap.Watched() {
		v.tap.Because(fmt.Sprintf(format, args...))
	}
}

// readNames takes the line for the header if it contains all names to read.
func (v *csvCodec) readNames() bool {
	if len(v.named) == 0 {
		return false
	}
	for _, s := range v.named {
		if v.cellNamed(s.key) < 0 {
			return false
		}
	}
	v.columns = slices.DeleteFunc(v.columns, func(p column) bool { return p.key != "" })
	v.last = 0
	for _, p := range v.columns {
		v.last = max(v.last, p.index)
	}
	for _, s := range v.named {
		v.read(v.cellNamed(s.key), s)
	}
	v.names = nil
	for _, cell := range v.cells {
		v.names = append(v.names, string(cell))
	}
	return true
}

// cellNamed is the index of a name in the line; -1 if it is missing.
func (v *csvCodec) cellNamed(name string) int {
	return slices.IndexFunc(v.cells, func(cell []byte) bool { return string(cell) == name })
}

// CarryOver keeps the names that the decoder of an earlier mapping has read: the board sends them only once.
func (v *csvCodec) CarryOver(before codec.Stream) {
	b, ok := before.(*csvCodec)
	if !ok || !v.header || b.names == nil || b.separator != v.separator || b.quote != v.quote {
		return
	}
	v.cells = v.cells[:0]
	for _, name := range b.names {
		v.cells = append(v.cells, []byte(name))
	}
	v.readNames()
}

// ReadHeader looks at the first line after the port was opened, which may be half a line. A board that opening the port
// resets sends its header there.
func (v *csvCodec) ReadHeader(text []byte) bool {
	return v.header && v.names == nil && v.split(text) && v.readNames()
}

// split splits a line into cells. It returns false if quotes are not closed; then the cells are those before.
func (v *csvCodec) split(text []byte) bool {
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

// cell splits off the first cell. more says that a separator follows it.
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

// quoted splits off a cell after its opening quote. Two quotes in it are one.
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
