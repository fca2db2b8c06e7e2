package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// percentile is the nearest-rank percentile of sorted values: at least p percent of them are not above it.
func percentile(sorted []int64, p float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	if !slices.IsSorted(sorted) {
		sorted = slices.Sorted(slices.Values(sorted))
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// medianOf is the median of one figure over the rounds; ok is false if no round has it.
func medianOf(rounds []sample, key string) (v float64, ok bool) {
	var all []float64
	for _, s := range rounds {
		if v, ok := s[key]; ok {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	middle := len(all) / 2
	if len(all)%2 == 0 {
		return (all[middle-1] + all[middle]) / 2, true
	}
	return all[middle], true
}

// row is one figure with its medians; unknown ones are nil.
type row struct {
	Measure string    `json:"measure"`
	Title   string    `json:"title"`
	Unit    string    `json:"unit"`
	Pipe    *float64  `json:"pipe"`
	Ours    *float64  `json:"ours"`
	Ratio   *float64  `json:"ratio"`
	Must    string    `json:"must,omitempty"`
	Reach   string    `json:"reach,omitempty"`
	Verdict string    `json:"verdict,omitempty"` // reached, kept (the must), missed
	PipeAll []float64 `json:"pipe_rounds"`
	OursAll []float64 `json:"our_rounds"`
}

func (r result) rows() []row {
	var rows []row
	for _, f := range r.measure.figures {
		row := row{Measure: r.measure.name, Title: f.title, Unit: f.unit, Must: f.must.String(), Reach: f.reach.String(),
			PipeAll: column(r.pipe, f.key), OursAll: column(r.ours, f.key)}
		p, pipeKnown := medianOf(r.pipe, f.key)
		o, oursKnown := medianOf(r.ours, f.key)
		if pipeKnown {
			row.Pipe = &p
		}
		if oursKnown {
			row.Ours = &o
		}
		if pipeKnown && oursKnown && p != 0 {
			ratio := o / p
			row.Ratio = &ratio
		}
		if oursKnown && f.must != (bound{}) {
			row.Verdict = r.verdict(f, p, o)
		}
		rows = append(rows, row)
	}
	return rows
}

func column(rounds []sample, key string) []float64 {
	var all []float64
	for _, s := range rounds {
		if v, ok := s[key]; ok {
			all = append(all, v)
		}
	}
	return all
}

func (r result) verdict(f figure, pipe, ours float64) string {
	holds := func(b bound) bool {
		extra, _ := medianOf(r.ours, b.plus)
		limit := b.limit + b.times*pipe + extra
		if b.atLeast {
			return ours >= limit
		}
		return ours <= limit
	}
	switch {
	case !holds(f.must):
		return "missed"
	case f.reach != (bound{}) && holds(f.reach):
		return "reached"
	}
	return "kept"
}

// String is the bound as the table shows it.
func (b bound) String() string {
	if b == (bound{}) {
		return ""
	}
	sign := "≤ "
	if b.atLeast {
		sign = "≥ "
	}
	if b.times == 0 {
		return sign + number(b.limit)
	}
	text := fmt.Sprintf("%s%v×", sign, b.times)
	if b.plus != "" {
		text += " + fsync"
	}
	return text
}

// number formats with three significant digits, and all digits before the point.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100 || a == 0:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func maybe(v *float64) string {
	if v == nil {
		return "–"
	}
	return number(*v)
}

// printTable prints everything as Markdown.
func printTable(w io.Writer, results []result, quick bool) {
	fmt.Fprintln(w, "Measured on", machine()+".")
	fmt.Fprintln(w, "Medians of rounds in which the two took turns; the ratio is minirelay's figure divided by the pipe's.")
	fmt.Fprintln(w, "The last column: reached means that the goal is met, kept that the limit is met, missed that it is not.")
	if quick {
		fmt.Fprintln(w, "This was a quick run: it shows that the bench works, and its figures mean nothing.")
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "| measure | unit | minimal pipe | minirelay | ratio | must | reach | |")
	fmt.Fprintln(w, "|---|---|--:|--:|--:|---|---|---|")
	for _, r := range results {
		for _, row := range r.rows() {
			ratio := "–"
			if row.Ratio != nil {
				ratio = fmt.Sprintf("%.2f×", *row.Ratio)
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", row.Title, row.Unit, maybe(row.Pipe), maybe(row.Ours),
				ratio, row.Must, row.Reach, row.Verdict)
		}
	}
}

// printJSON prints everything for a program.
func printJSON(w io.Writer, results []result) error {
	out := struct {
		Machine string   `json:"machine"`
		Figures []row    `json:"figures"`
		Faults  []string `json:"faults"`
	}{Machine: machine(), Faults: []string{}}
	for _, r := range results {
		out.Figures = append(out.Figures, r.rows()...)
		if r.err != nil {
			out.Faults = append(out.Faults, r.err.Error())
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return errors.Join(enc.Encode(out), failures(results))
}

// failures lists the measures that failed. A figure that misses its bound is a figure, not a failure.
func failures(results []result) error {
	var err error
	for _, r := range results {
		err = errors.Join(err, r.err)
	}
	return err
}
