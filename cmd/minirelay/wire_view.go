package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"minirelay/api"
	"minirelay/devices/capture"
	"minirelay/locale"
)

const (
	plainWidth = 80 // columns if the output is not a terminal
	mostInRow  = 16 // bytes
	leastInRow = 4
	// rowGap is a silence on the line after which bytes begin a new row.
	rowGap = 50 * time.Millisecond
)

// sight is a record of a wire, with a finer time than in the API.
type sight struct {
	api.Sight
	at time.Time
}

// wireView shows the records of a wire as rows of time, hex and text, and the result of each frame. The sign in front
// of a row shows its kind: < read, > written, = taken, ! dropped, - about the port.
type wireView struct {
	w       io.Writer
	lang    locale.Language
	columns func() int             // of a terminal; 0 if it is not one
	stamp   func(time.Time) string // 12 columns wide
	short   func(time.Time) string // for narrow terminals
	colours bool
	units   map[[2]string]string // by device and field
	err     error                // of the first write that failed

	row   []byte // bytes that are not written yet
	out   bool   // they were written to the line
	since time.Time
	until time.Time // when the last of them came
}

// newWireView shows records on w, in colours if w is a terminal whose user has not disabled them.
func newWireView(w io.Writer, lang locale.Language) *wireView {
	w = behind(w) // line writes colours, around text that it has made safe
	v := &wireView{w: w, lang: lang, columns: func() int { return 0 },
		stamp: func(t time.Time) string { return t.Format("15:04:05.000") },
		short: func(t time.Time) string { return t.Format("05.000") }}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		v.colours = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		v.columns = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return plainWidth
			}
			return columns
		}
	}
	return v
}

// The colours, by their ANSI codes.
const (
	plain  = ""
	red    = "31"
	green  = "32"
	yellow = "33"
	grey   = "90"
)

// show shows one record. Bytes may wait for those that follow immediately; flush shows them.
func (v *wireView) show(s sight) {
	switch {
	case s.Dir != "":
		data, err := hex.DecodeString(s.Hex)
		if err == nil {
			v.bytes(s.at, s.Dir == api.Out, data)
		}
		return
	case s.Frame != nil:
		v.flush()
		v.frame(s.at, s.Frame)
	case s.Open != nil:
		v.flush()
		v.state(s.at, *s.Open, s.Trouble)
	case s.Missed > 0:
		v.flush()
		v.line(s.at, '-', red, v.lang.Sprintf("%d records were missed here: this side is too slow", s.Missed))
	}
}

// narrow reports whether the terminal is too narrow for full times.
func (v *wireView) narrow() bool { return v.columns() > 0 && v.columns() < 50 }

// inRow returns the number of bytes that fit next to their text: 15 or 9 columns, 3 and 1 for each byte, and one more
// in between.
func (v *wireView) inRow() int {
	columns, head := v.columns(), 15
	if columns == 0 {
		return mostInRow
	}
	if v.narrow() {
		head = 9
	}
	n := (columns - head - 1) / 4
	if n > 8 {
		n -= n % 4
	}
	return max(leastInRow, min(mostInRow, n))
}

func (v *wireView) bytes(at time.Time, out bool, data []byte) {
	if len(v.row) > 0 && (out != v.out || at.Sub(v.until) > rowGap) {
		v.flush()
	}
	for _, b := range data {
		if len(v.row) == 0 {
			v.since, v.out = at, out
		}
		v.row = append(v.row, b)
		v.until = at
		if b == '\n' && isText(v.row) {
			v.flush()
		}
	}
	for n := v.inRow(); len(v.row) >= 2*n; {
		v.writeRow(n)
		v.since = at
	}
}

// isText reports whether b could be typed text.
func isText(b []byte) bool {
	return !strings.Contains(capture.Text([]byte(strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(string(b)))), "·")
}

// flush shows the waiting bytes.
func (v *wireView) flush() {
	for n := v.inRow(); len(v.row) > 0; {
		v.writeRow(n)
	}
}

// writeRow writes at most n of the waiting bytes, without splitting a character.
func (v *wireView) writeRow(n int) {
	n = min(n, len(v.row))
	for back := n; n < len(v.row) && back > max(0, n-utf8.UTFMax); back-- {
		if r, size := utf8.DecodeRune(v.row[back:]); r != utf8.RuneError {
			if back+size > n {
				n = back
			}
			break
		}
	}
	part := v.row[:n]
	v.row = v.row[n:]
	sign, colour := '<', plain
	if v.out {
		sign, colour = '>', yellow
	}
	v.line(v.since, sign, colour, fmt.Sprintf("%-*s %s", 3*v.inRow(), fmt.Sprintf("% x", part), capture.Text(part)))
}

// frame shows the result of a frame.
func (v *wireView) frame(at time.Time, f *api.Frame) {
	who := f.Device
	if f.Request != "" {
		who += " " + f.Request
	}
	text := locale.Line(v.lang.Text(f.Why))
	if !f.OK {
		if who != "" {
			text = who + colon(v.lang) + text
		}
		if f.Text != "" {
			text += colon(v.lang) + shown(f)
		}
		v.line(at, '!', red, v.wrapped(clauses(text)))
		return
	}
	if len(f.Fields) == 0 && text != "" {
		v.line(at, '!', yellow, v.wrapped(clauses(who+colon(v.lang)+text)))
		return
	}
	var parts []string
	for i, field := range f.Fields {
		value := string(field.Value)
		if unit := v.units[[2]string{f.Device, field.ID}]; unit != "" && value != "null" {
			value += " " + unit
		}
		if i < len(f.Fields)-1 {
			value += ", "
		}
		parts = append(parts, field.ID+" "+value)
	}
	switch {
	case len(parts) > 0:
		parts[0] = who + ": " + parts[0]
	case f.Request != "":
		parts = []string{who + ": " + shown(f)}
	default:
		parts = []string{shown(f)}
	}
	v.line(at, '=', green, v.wrapped(parts))
	if text != "" {
		v.line(at, '!', yellow, v.wrapped(clauses(text)))
	}
}

// shown formats a frame as text, or as numbers if much of it is not text. A long frame is cut.
func shown(f *api.Frame) string {
	const most, mostBytes = 60, 20
	if data, err := hex.DecodeString(f.Hex); err == nil && len(data) > 0 && 4*strings.Count(f.Text, "·") > len([]rune(f.Text)) {
		if len(data) > mostBytes {
			return fmt.Sprintf("% x …", data[:mostBytes])
		}
		return fmt.Sprintf("% x", data)
	}
	if r := []rune(f.Text); len(r) > most {
		return locale.Line(string(r[:most])) + "…"
	}
	return locale.Line(f.Text)
}

func (v *wireView) state(at time.Time, open bool, trouble *string) {
	switch {
	case open:
		v.line(at, '-', grey, v.lang.Text("the port is open"))
	case trouble != nil && *trouble != "":
		v.line(at, '-', red, v.lang.Sprintf("the port is closed: %s", *trouble))
	}
}

// clauses splits a sentence where a line may end.
func clauses(text string) []string {
	var all []string
	for part := range strings.SplitAfterSeq(text, "; ") {
		all = append(all, strings.SplitAfter(part, "；")...)
	}
	return all
}

// wrapped joins parts into as many terminal lines as they need.
func (v *wireView) wrapped(parts []string) string {
	room := v.columns() - 15
	if v.narrow() {
		room += 6
	}
	if v.columns() == 0 {
		return strings.Join(parts, "")
	}
	var text strings.Builder
	used := 0
	for _, p := range parts {
		if wide := locale.Width(p); used > 0 && used+wide > room {
			text.WriteByte('\n')
			used = 0
		}
		text.WriteString(p)
		used += locale.Width(p)
	}
	return text.String()
}

// line writes a line. The text after a newline is indented below the first line's text.
func (v *wireView) line(at time.Time, sign rune, colour, text string) {
	stamp := v.stamp(at)
	if v.narrow() {
		stamp = v.short(at)
	}
	for i, part := range strings.Split(text, "\n") {
		if i > 0 {
			stamp, sign = strings.Repeat(" ", len(stamp)), ' '
		}
		// Data from a board or a gateway must not control the terminal.
		part = v.paint(colour, locale.Line(strings.TrimRight(part, " ")))
		if _, err := fmt.Fprintf(v.w, "%s %c %s\n", v.paint(grey, stamp), sign, part); err != nil && v.err == nil {
			v.err = err
		}
	}
}

func (v *wireView) paint(colour, text string) string {
	if !v.colours || colour == plain {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
