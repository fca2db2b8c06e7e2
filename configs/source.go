package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"minirelay/locale"
)

// maxSize is the limit of one file, in bytes. A config of a hundred devices has a tenth of it.
const maxSize = 1 << 20

// source is the text of one file.
type source struct {
	name  string
	text  []byte
	lines []int // offset of each line

	searched sync.Once
	hidden   []span // see secrets
}

func newSource(name string, text []byte) *source {
	s := &source{name: name, text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// line returns the number, from 1, and the extent of the line that contains offset.
func (s *source) line(offset int) (number, start, end int) {
	number = sort.SearchInts(s.lines, offset+1)
	start, end = s.lines[number-1], len(s.text)
	if number < len(s.lines) {
		end = s.lines[number] - 1
	}
	return number, start, end
}

// place is a part of a source. Without a source it refers to no place.
type place struct {
	source *source
	start  int // byte offset
	length int // in bytes
}

// fault reports a fault in this place. If the place covers several lines, the first one is marked.
func (p place) fault(what, try string) Fault {
	number, start, end := p.source.line(min(p.start, len(p.source.text)))
	at := min(p.start, end)
	stop := min(at+p.length, end)
	text, column := p.source.shown(start, end)
	text = strings.TrimSuffix(text, "\r")
	return Fault{File: p.source.name, Line: number, Column: column(at) + 1,
		What: locale.Line(what), Try: locale.Line(try), Source: locale.Lines(text),
		Length: column(stop) - column(at)}
}

// String formats the place.
func (p place) String() string {
	number, start, end := p.source.line(min(p.start, len(p.source.text)))
	_, column := p.source.shown(start, end)
	return Fault{File: p.source.name, Line: number, Column: column(min(p.start, end)) + 1}.Position()
}

// within narrows the place to the first occurrence of part in it, if there is one.
func (p place) within(part string) place {
	if i := bytes.Index(p.source.text[p.start:p.start+p.length], []byte(part)); part != "" && i >= 0 {
		return place{p.source, p.start + i, len(part)}
	}
	return p
}

// readSources reads the file at path, or each *.toml of the directory at path in the order of their names.
func readSources(path string) ([]*source, []Fault) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, []Fault{fileFault(path, err)}
	}
	if !info.IsDir() {
		return readFiles([]string{path})
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, []Fault{fileFault(path, err)}
	}
	var paths []string
	for _, e := range entries {
		// Files that begin with a dot belong to an editor: .#minirelay.toml is a lock of Emacs.
		if filepath.Ext(e.Name()) == ".toml" && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(path, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, []Fault{{File: path, What: "the directory contains no *.toml file",
			Try: "begin with: minirelay sample > " + filepath.Join(path, "minirelay.toml")}}
	}
	return readFiles(paths)
}

func readFiles(paths []string) ([]*source, []Fault) {
	var sources []*source
	var faults []Fault
	for _, path := range paths {
		data, err := readFile(path)
		if err != nil {
			faults = append(faults, fileFault(path, err))
			continue
		}
		s, fault := decodeText(path, data)
		if fault != nil {
			faults = append(faults, *fault)
			continue
		}
		sources = append(sources, s)
	}
	return sources, faults
}

var errTooLarge = errors.New("too large")
var errNoFile = errors.New("not a regular file")

func readFile(path string) ([]byte, error) {
	// Opening a pipe or a device could block.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoFile
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(data) > maxSize {
		err = errTooLarge
	}
	return data, err
}

// fileFault describes in words why a file cannot be read.
func fileFault(path string, err error) Fault {
	f := Fault{File: path}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.What = "file not found"
		f.Try = "begin with: minirelay sample > minirelay.toml, or name another one with -c"
	case errors.Is(err, fs.ErrPermission):
		f.What = "no permission to read it"
		f.Try = fmt.Sprintf("run it with sudo, or as a user with access to it; this is user id %d", os.Getuid())
	case errors.Is(err, errTooLarge):
		f.What = fmt.Sprintf("it is larger than %d KiB", maxSize>>10)
		f.Try = "is it the right file? a large config can be split into a directory of *.toml"
	case errors.Is(err, errNoFile):
		f.What = "it is not a file but a directory, a pipe or a device"
		f.Try = "name a file, or the directory that holds *.toml files"
	default:
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		f.What = "it cannot be read: " + err.Error()
		f.Try = "check the disk and the path"
	}
	return f
}

// decodeText checks that data is UTF-8 text. It drops the byte-order mark that some editors write.
func decodeText(path string, data []byte) (*source, *Fault) {
	s := newSource(path, bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		f := place{s, 0, 2}.fault("the file is UTF-16, not UTF-8", "save it as UTF-8 in the editor")
		return nil, &f
	}
	if len(bytes.TrimSpace(s.text)) == 0 {
		return nil, &Fault{File: path, What: "the file is empty",
			Try: "begin with: minirelay sample > minirelay.toml; if you have just saved it, is the disk full?"}
	}
	for at := 0; at < len(s.text); {
		r, size := utf8.DecodeRune(s.text[at:])
		if r == utf8.RuneError && size == 1 {
			f := place{s, at, 1}.fault(fmt.Sprintf("the byte 0x%02x is not UTF-8", s.text[at]), "save the file as UTF-8 in the editor")
			return nil, &f
		}
		at += size
	}
	return s, nil
}
