package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"minirelay/locale"
)

// Fault is one fault in a config, or a warning, with its place and a suggestion.
type Fault struct {
	File   string // the path as the caller gave it
	Line   int    // from 1; 0: the file as a whole
	Column int    // in characters of Source, from 1: what is behind a secret does not tell its length
	What   string // the fault: lower case, without a full stop
	Try    string // the suggestion
	Source string // the line around it, with secrets redacted
	Length int    // of the offending part, in characters

	Exposed bool // a warning about what others can read, write or guess
}

// Position returns the place of the fault, for example minirelay.toml:12:8.
func (f Fault) Position() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// String formats the fault for a person. Every line ends with a newline.
func (f Fault) String() string { return f.In(func(sentence string) string { return sentence }) }

// In formats the fault in the language of translate.
func (f Fault) In(translate func(sentence string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", locale.Line(f.Position()), translate(f.What))
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

// excerptWidth is the number of characters shown of a line. They always include the offending part.
const excerptWidth = 160

// excerpt returns the visible part of the line, the text before the offending part, and the offending part.
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

// blank replaces s by white space of the same width. A tab stays a tab, so that it moves to the same column.
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

// Faults is the list of all faults of a config, in the order of the files. It is the error of [Load].
type Faults struct {
	Path string // the path that was loaded
	List []Fault
}

// Error returns the number of faults, in words.
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

// report collects faults and warnings.
type report struct {
	faults, warnings []Fault
	mute             bool // the results are discarded
}

func (r *report) fault(at place, what, try string) {
	if !r.mute {
		r.faults = append(r.faults, at.fault(what, try))
	}
}
func (r *report) warning(at place, what, try string) {
	r.warnings = append(r.warnings, at.fault(what, try))
}

// exposed is warning for what others can read, write or guess.
func (r *report) exposed(at place, what, try string) {
	f := at.fault(what, try)
	f.Exposed = true
	r.warnings = append(r.warnings, f)
}

// inOrder sorts faults by file name and place, and removes duplicates.
func inOrder(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(faults)
}
