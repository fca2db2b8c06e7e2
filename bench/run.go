package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bench is one run of the command.
type bench struct {
	effort   effort
	progress io.Writer
	work     string // everything on disk; removed at the end
	tmpfs    string // a directory in memory; "" if the machine offers none
	binary   string // minirelay, built as it is shipped
	cert     string // the pipe's certificate
	key      string
	commands int64 // numbers of commands, never used twice
}

// newBench builds minirelay and makes the directories.
func newBench(ctx context.Context, e effort, progress io.Writer) (*bench, error) {
	if err := allowFiles(); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "minirelay-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{effort: e, progress: progress, work: work, binary: filepath.Join(work, "minirelay")}
	if dir, err := os.MkdirTemp("/dev/shm", "minirelay-bench-"); err == nil {
		b.tmpfs = dir
	}
	fmt.Fprintln(progress, "building minirelay")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w", "-o", b.binary, "minirelay/cmd/minirelay")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.close()
		return nil, fmt.Errorf("building minirelay: %w\n%s", err, out)
	}
	if b.cert, b.key, err = makeCertificate(work); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	os.RemoveAll(b.work)
	if b.tmpfs != "" {
		os.RemoveAll(b.tmpfs)
	}
}

// result holds all rounds of a measure.
type result struct {
	measure measure
	pipe    []sample
	ours    []sample
	err     error // all faults; the figures of the other rounds are kept
}

// add takes the sample of one round of one side.
func (r *result) add(s side, got sample, err error) {
	switch {
	case err != nil:
		r.err = errors.Join(r.err, err)
	case s.name == pipe.name:
		r.pipe = append(r.pipe, got)
	default:
		r.ours = append(r.ours, got)
	}
}

// measureAll runs the chosen measures. A fault of one measure does not end the others; it only returns an error if it
// was interrupted.
func (b *bench) measureAll(ctx context.Context, chosen []measure) ([]result, error) {
	var results []result
	for _, m := range chosen {
		r := result{measure: m}
		for round := range min(m.rounds, b.effort.rounds) {
			for _, s := range []side{pipe, ours} {
				name := fmt.Sprintf("%s, round %d, %s", m.name, round+1, s.name)
				began := time.Now()
				got, err := m.run(ctx, b, s)
				if ctx.Err() != nil {
					return nil, errors.New("interrupted")
				}
				if err != nil {
					err = fmt.Errorf("%s: %w", name, err)
					fmt.Fprintln(b.progress, err)
				} else {
					fmt.Fprintf(b.progress, "%s: %sin %.1f s\n", name, describe(m, got), time.Since(began).Seconds())
				}
				r.add(s, got, err)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// describe lists a sample in the order of the table.
func describe(m measure, s sample) string {
	text := ""
	for _, f := range m.figures {
		if v, ok := s[f.key]; ok {
			text += fmt.Sprintf("%s %s %s, ", f.key, number(v), f.unit)
		}
	}
	return text
}
