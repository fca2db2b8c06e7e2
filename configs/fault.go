package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"minirelay/locale"
)

// Fault is one thing that is wrong with a config, or a warning, with its place and what to try.
type Fault struct {
	File   string // as it was asked for
	Line   int    // from 1; 0: the file as a whole
	Column int    // in characters, from 1
	What   string // what is wrong: lower case, without a full stop
	Try    string // what to try
	Source string // the line it stands in, with secrets struck out
	Length int    // of the offending part, in characters
}

// Position is the place of the fault, as in minirelay.toml:12:8.
func (f Fault) Position() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// String shows the fault to a person, in lines that each have their end.
func (f Fault) String() string { return f.In(func(sentence string) string { return sentence }) }

// In shows the fault in the language that translate gives sentences in.
func (f Fault) In(translate func(sentence string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", f.Position(), translate(f.What))
	if f.Line > 0 {
		number := fmt.Sprint(f.Line)
		source, before, marked := f.excerpt()
		fmt.Fprintf(&b, "  %s | %s\n", number, source)
		fmt.Fprintf(&b, "  %s | %s%s\n", strings.Repeat(" ", len(number)), blank(before), strings.Repeat("^", max(1, locale.Width(marked))))
	}
	if f.Try != "" {
		fmt.Fprintf(&b, "  %s\n", translate("hint: "+f.Try))
	}
	return b.String()
}

// excerptWidth is how many characters of a line are shown. The offending part is always among them.
const excerptWidth = 160

// excerpt gives what is shown of the line, the part of it before the offending one, and the offending one.
func (f Fault) excerpt() (source, before, marked string) {
	line := []rune(f.Source)
	start := min(max(f.Column-1, 0), len(line))
	end := min(start+max(f.Length, 1), len(line))
	from, to := 0, len(line)
	if len(line) > excerptWidth {
		from = max(0, start-excerptWidth/2)
		to = min(len(line), from+excerptWidth)
		end = min(end, to)
	}
	cutLeft, cutRight := "", ""
	if from > 0 {
		cutLeft = "…"
	}
	if to < len(line) {
		cutRight = "…"
	}
	return cutLeft + string(line[from:to]) + cutRight, cutLeft + string(line[from:start]), string(line[start:end])
}

// blank replaces s by as much white space. A tab stays one, wherever it may lead.
func blank(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteString(strings.Repeat(" ", locale.RuneWidth(r)))
	}
	return b.String()
}

// Faults is everything that is wrong with a config, in the order of the files. It is the error of [Load].
type Faults struct {
	Path string // what was to be loaded
	List []Fault
}

// Error is the number of faults, in words.
func (f *Faults) Error() string {
	in := f.List[0].File
	for _, fault := range f.List {
		if fault.File != in {
			in = f.Path
			break
		}
	}
	if len(f.List) == 1 {
		return "1 fault in " + in
	}
	return fmt.Sprintf("%d faults in %s", len(f.List), in)
}

// report gathers what is wrong and what is hardly wanted.
type report struct {
	faults, warnings []Fault
	mute             bool // nobody wants to know
}

func (r *report) fault(at place, what, try string) {
	if !r.mute {
		r.faults = append(r.faults, at.fault(what, try))
	}
}
func (r *report) warning(at place, what, try string) {
	r.warnings = append(r.warnings, at.fault(what, try))
}

// inOrder gives faults in the order of the files, which is that of their names, each once.
func inOrder(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(faults)
}
