package locale

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unshown takes the place of a character that must not reach a terminal.
const unshown = '·'

// Line makes a text from elsewhere (a board, a USB descriptor, another server, a client) safe within a line of a
// terminal. A middle dot replaces every character that could move the cursor, begin a new line, change the direction of
// the text, or stay invisible.
func Line(s string) string { return clean(s, "") }

// Lines is [Line] for a text that has lines of its own: tabs and line ends stay.
func Lines(s string) string { return clean(s, "\t\n") }

func clean(s, allowed string) string {
	bad := func(r rune) bool { return !shows(r) && !strings.ContainsRune(allowed, r) }
	if strings.IndexFunc(s, bad) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune { // each byte that is not UTF-8 is one RuneError
		if bad(r) || r == utf8.RuneError {
			return unshown
		}
		return r
	}, s)
}

// shows reports whether a terminal shows r in its place. Unlike for [unicode.IsPrint], blanks other than U+0020 count.
func shows(r rune) bool { return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r) }

// Screen is a writer for the terminal of a person: it passes everything on as [Lines] makes it, so that no text can
// control the terminal, whichever way it came.
type Screen struct{ w io.Writer }

// NewScreen returns a Screen in front of w.
func NewScreen(w io.Writer) *Screen { return &Screen{w} }

// Write writes whole characters. It reports the length of p on success, whatever became of it.
func (s *Screen) Write(p []byte) (int, error) {
	if _, err := io.WriteString(s.w, Lines(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Unwrap returns the writer behind the screen, for sequences that are the program's own.
func (s *Screen) Unwrap() io.Writer { return s.w }

// JSON is a writer for JSON that may be read on a terminal: what [Lines] would replace is escaped instead, which means
// the same to a program.
type JSON struct{ w io.Writer }

// NewJSON returns a JSON in front of w.
func NewJSON(w io.Writer) *JSON { return &JSON{w} }

// Write writes whole values.
func (j *JSON) Write(p []byte) (int, error) {
	if bytes.IndexFunc(p, func(r rune) bool { return r == utf8.RuneError || !shows(r) && r != '\n' && r != '\t' }) < 0 {
		return j.w.Write(p)
	}
	var b strings.Builder
	for _, r := range string(p) {
		switch {
		case shows(r) || r == '\n' || r == '\t':
			b.WriteRune(r)
		case r > 0xffff: // as two UTF-16 halves (RFC 8259, 7)
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if _, err := io.WriteString(j.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// lines gives the arguments of a format with every text among them as [Line] makes it.
func lines(args []any) []any {
	safe := make([]any, len(args))
	for i, a := range args {
		safe[i] = a
		v := reflect.ValueOf(a)
		switch text := a.(type) {
		case error:
			safe[i] = Line(text.Error())
		case fmt.Stringer:
			if k := v.Kind(); k == reflect.Struct || k == reflect.Pointer || k == reflect.String {
				safe[i] = Line(text.String())
			}
		default:
			if v.Kind() == reflect.String {
				safe[i] = Line(v.String())
			}
		}
	}
	return safe
}
