package capture

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// maxSize bounds a recording, in bytes. A day of a 9600-baud line in full use needs a quarter of it.
	maxSize = 1 << 30
	maxLine = 1 << 20 // bytes; a record of 1024 bytes needs 6 KiB
)

// SyntaxError is a line of a capture that cannot be read.
type SyntaxError struct {
	Line int    // from 1
	What string // what is wrong, for people
	Try  string // what to try
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// Hint is what to try; "" for nothing.
func (e *SyntaxError) Hint() string { return e.Try }

// ErrEmpty is the error of a recording without a single byte.
var ErrEmpty = errors.New("it contains no records")

// Read reads a whole recording, at most 1 GiB: a capture, a text of hexadecimal numbers, a log of another tool, or bare bytes,
// recognised by their content. The result has at least one record. The error is [ErrEmpty], a [*SyntaxError], or that of r.
func Read(r io.Reader) (Header, []Record, error) {
	in := bufio.NewReaderSize(io.LimitReader(r, maxSize), 64<<10)
	head, err := in.Peek(len(magic))
	if err == nil && string(head) == magic {
		return readCapture(in)
	}
	all, err := io.ReadAll(in)
	if err != nil {
		return Header{}, nil, err
	}
	if data, ok := hexText(all); ok {
		all = data
	} else if records := logText(all); records != nil {
		return Header{}, records, nil
	}
	if len(all) == 0 {
		return Header{}, nil, ErrEmpty
	}
	return Header{}, []Record{{Data: all}}, nil
}

// ReadRaw reads a whole recording as bare bytes, whatever they look like, into one record without a time. The error is
// [ErrEmpty] or that of r.
func ReadRaw(r io.Reader) ([]Record, error) {
	all, err := io.ReadAll(io.LimitReader(r, maxSize))
	if err == nil && len(all) == 0 {
		err = ErrEmpty
	}
	return []Record{{Data: all}}, err
}

func readCapture(r io.Reader) (h Header, records []Record, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSpace(lines.Text())
		switch {
		case number == 1:
			if word := strings.TrimSpace(strings.TrimPrefix(line, magic)); word != strconv.Itoa(version) {
				return h, nil, &SyntaxError{number, fmt.Sprintf("it is a capture of version %q, not %d", word, version), "use the minirelay that made it, or a newer one"}
			}
		case line == "" || line[0] == '#':
		case len(records) == 0 && h.remark(line):
		default:
			rec, what := parseRecord(line)
			if what == "" && len(records) > 0 && rec.At < records[len(records)-1].At {
				what = "its time is before that of the record above"
			}
			if what != "" {
				return h, nil, &SyntaxError{number, what, "write a record like 0.731204 > 50 55 4d 50 | PUMP"}
			}
			records = append(records, rec)
		}
	}
	switch {
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		return h, nil, &SyntaxError{number + 1, "the line is longer than any record", "is the file damaged?"}
	case lines.Err() != nil:
		return h, nil, lines.Err()
	case len(records) == 0:
		return h, nil, ErrEmpty
	}
	return h, records, nil
}

var remark = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*):(?:\s+(.*))?$`)

// remark takes key: value, and ignores a key that it does not know.
func (h *Header) remark(line string) bool {
	m := remark.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	switch m[1] {
	case "port":
		h.Port = m[2]
	case "path":
		h.Path = m[2]
	case "line":
		h.Line = m[2]
	case "started":
		h.Started, _ = time.Parse(time.RFC3339Nano, m[2]) // for people: a wrong time is no reason to refuse a recording
	}
	return true
}

var record = regexp.MustCompile(`^([0-9]{1,9})(?:\.([0-9]{1,9}))?\s+([<>])([^|]*)`)

// parseRecord reads one record; what is what is wrong with it, or "".
func parseRecord(line string) (r Record, what string) {
	m := record.FindStringSubmatch(line)
	if m == nil {
		return r, "it is neither a record nor a comment"
	}
	seconds, _ := strconv.ParseInt(m[1], 10, 64)
	fraction, _ := strconv.ParseInt((m[2] + "000000000")[:9], 10, 64)
	r.At = time.Duration(seconds)*time.Second + time.Duration(fraction)
	r.Out = m[3] == ">"
	digits := strings.Join(strings.Fields(m[4]), "")
	data, err := hex.DecodeString(digits)
	switch {
	case len(digits) == 0:
		return r, "it contains no bytes"
	case len(digits)%2 != 0:
		return r, "a byte has two hexadecimal digits, and one is missing"
	case err != nil:
		return r, "the part before the | is not hexadecimal"
	}
	r.Data = data
	return r, ""
}

var (
	// address begins a line of xxd (00000010:), hexdump -C (00000010) and od -A x (000010).
	address = regexp.MustCompile(`^([0-9A-Fa-f]{6,8})(:|\s|$)`)
	prefix  = regexp.MustCompile(`(?i)\b0x|\\x`)
	between = strings.NewReplacer(",", " ", ":", " ", ";", " ", "-", " ")
)

// hexText reads hexadecimal numbers, with or without spaces, commas, 0x and the addresses and texts of a dump. ok is false
// if text is anything else.
func hexText(text []byte) (data []byte, ok bool) {
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, false
	}
	dump := isDump(text)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if dump {
			line = dumped(line)
		}
		for word := range strings.FieldsSeq(between.Replace(prefix.ReplaceAllString(line, " "))) {
			b, err := hex.DecodeString(word)
			if err != nil {
				return nil, false
			}
			data = append(data, b...)
		}
	}
	return data, true
}

// isDump reports whether each line begins with an address, the first line with address 0.
func isDump(text []byte) bool {
	first := true
	for line := range bytes.Lines(text) {
		m := address.FindSubmatch(bytes.TrimRight(line, "\r\n"))
		if m == nil || first && len(bytes.Trim(m[1], "0")) > 0 {
			return false
		}
		first = false
	}
	return !first
}

// dumped removes the address and the text from a line of a dump.
func dumped(line string) string {
	m := address.FindStringSubmatch(line)
	line = line[len(m[1]):]
	if m[2] == ":" {
		line, _, _ = strings.Cut(line[1:], "  ") // xxd: the text follows two spaces
		return line
	}
	line, _, _ = strings.Cut(line, "|")
	return line
}
