package locale

import (
	"io"
	"strings"
	"unicode"
)

// Width is how many columns of a terminal s takes.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += RuneWidth(r)
	}
	return n
}

// wide are the characters that take two columns: those that Unicode's EastAsianWidth.txt (annex 11) calls wide
// or full-width, in whole blocks.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0x4dbf, Stride: 1},
		{Lo: 0x4e00, Hi: 0xa4cf, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1}, {Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

// RuneWidth is how many columns of a terminal r takes.
func RuneWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// Table lines the cells of its rows up in columns. text/tabwriter does too, but takes all characters for equally wide.
type Table struct {
	rows   [][]string
	widest []int
}

// Head adds a row of the program's own, whose cells are separated by tabs.
func (t *Table) Head(row string) { t.Row(strings.Split(row, "\t")...) }

// Row adds a row. Each cell is one [Line].
func (t *Table) Row(cells ...string) {
	for i, c := range cells {
		c = Line(c)
		cells[i] = c
		if i == len(t.widest) {
			t.widest = append(t.widest, 0)
		}
		t.widest[i] = max(t.widest[i], Width(c))
	}
	t.rows = append(t.rows, cells)
}

// Write writes the rows, with gap blanks between columns.
func (t *Table) Write(w io.Writer, gap int) error {
	var b strings.Builder
	for _, cells := range t.rows {
		for i, c := range cells {
			b.WriteString(c)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", t.widest[i]-Width(c)+gap))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Pad fills s up to so many columns with blanks.
func Pad(s string, columns int) string { return s + strings.Repeat(" ", max(0, columns-Width(s))) }
