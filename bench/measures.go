package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// sample holds the figures of one round of a measure for one side, by their keys.
type sample map[string]float64

// measure is one quantity to measure. Its run is one round of one side.
type measure struct {
	name    string
	rounds  int // in a full run
	run     func(ctx context.Context, b *bench, s side) (sample, error)
	figures []figure
}

// figure is one line of the table.
type figure struct {
	key   string // in the sample
	title string
	unit  string
	must  bound
	reach bound
}

// bound limits a figure: at most (or, with atLeast, at least) limit, or a multiple of the pipe's figure plus the figure
// named by plus. The zero bound requires nothing.
type bound struct {
	limit   float64
	times   float64
	plus    string
	atLeast bool
}

func times(n float64) bound        { return bound{times: n} }
func atMost(n float64) bound       { return bound{limit: n} }
func atLeast(n float64) bound      { return bound{limit: n, atLeast: true} }
func atLeastTimes(n float64) bound { return bound{times: n, atLeast: true} }

// measures lists all measures, in the order in which they are run and printed.
var measures = []measure{
	{"latency-1", 3, latencyAt(1), latencyFigures("1 frame", bound{}, bound{}, bound{}, bound{})},
	{"latency-100", 9, latencyAt(100), latencyFigures("100 frames", times(1.35), times(1.15), times(1.5), times(1.15))},
	{"latency-1000", 9, latencyAt(1000), append(
		latencyFigures("1000 frames", times(1.35), times(1.15), times(1.5), times(1.2)),
		figure{"cpu", "processor time per frame, 1000 frames/s", "µs", times(1.3), times(1.1)})},
	{"lossfree-1", 3, lossFree(func(e effort) int { return 1 }), lossFreeFigures("1 port", atLeast(100_000), atLeastTimes(0.7))},
	{"lossfree-32", 3, lossFree(func(e effort) int { return e.lines }), lossFreeFigures("32 ports", atLeast(65_500), atLeastTimes(0.9))},
	{"command-disk", 7, commands(onDisk, false), commandFigures("data_dir on disk", 1.5, 1.1, 1.5, 1.1)},
	{"command-tmpfs", 7, commands(onTmpfs, false), commandFigures("data_dir on tmpfs", 1.5, 1.1, 1.5, 1.1)},
	{"command-busy-disk", 7, commands(onDisk, true), commandFigures("at 100 frames/s, data_dir on disk", 0, 0, 2, 1.3)},
	{"command-busy-tmpfs", 7, commands(onTmpfs, true), commandFigures("at 100 frames/s, data_dir on tmpfs", 0, 0, 2, 1.3)},
	{"memory", 3, memoryOfClients, []figure{
		{"idle", "memory when idle", "MiB", atMost(16), atMost(12)},
		{"idle anonymous", "of that, not pages of the binary", "MiB", bound{}, bound{}},
		{"client", "memory per idle wss client", "KiB", atMost(48), atMost(24)},
	}},
	{"ports", 5, manyPorts, []figure{
		{"p50", "serial line → client p50, 100 ports × 10 frames/s", "µs", times(1.3), bound{}},
		{"p99", "serial line → client p99, 100 ports × 10 frames/s", "µs", times(1.5), bound{}},
		{"memory", "memory, 100 ports × 10 frames/s", "MiB", atMost(30), bound{}},
		{"port", "memory per additional port", "KiB", atMost(100), atMost(64)},
	}},
	{"fanout-100", 5, fanOut(func(e effort) int { return e.crowd / 10 }), fanOutFigures("100", bound{}, bound{})},
	{"fanout-1000", 5, fanOut(func(e effort) int { return e.crowd }), fanOutFigures("1000", times(1.1), times(0.8))},
	{"start", 5, startUp, []figure{
		{"accepted", "start → a wss client is accepted, p50", "ms", atMost(30), atMost(15)},
		{"reading", "start → the client has the first reading, p50", "ms", atMost(50), atMost(15)},
	}},
	{"stalled", 2, stalledSubscriber, []figure{
		{"worst", "longest wait of a publisher while a subscriber does not read", "ms", atMost(100), atMost(20)},
		{"p50", "median wait of a publisher while a subscriber does not read", "ms", bound{}, bound{}},
	}},
	{"upstream-100", 3, upstreamCost(100), upstreamFigures("100/s", bound{}, atMost(400))},
	{"upstream-1000", 3, upstreamCost(1000), upstreamFigures("1000/s", bound{}, atMost(250))},
	{"binary", 1, binarySize, []figure{
		{"size", "size of the binary, stripped", "MB", atMost(20), atMost(10)},
	}},
}

// choose returns the measures whose name matches a regular expression.
func choose(only string) ([]measure, error) {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only is not a regular expression: %w", err)
	}
	var chosen []measure
	var names []string
	for _, m := range measures {
		names = append(names, m.name)
		if wanted.MatchString(m.name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no measure matches %q; there are %s", only, strings.Join(names, ", "))
	}
	return chosen, nil
}

// effort is how much is done. A quick run proves that everything works; its figures mean nothing.
type effort struct {
	rounds   int           // at most this many
	slow     time.Duration // of the load at 1 frame/s
	window   time.Duration // of every other paced load
	lossTime time.Duration // how long a rate must lose nothing
	lossFrom float64       // frames/s at which the search starts
	lossTo   float64       // and at which it gives up
	// How far a board may fall behind its rate: a real one does not wait. The kernel holds 640 KiB for a line before it
	// loses bytes (tty_buffer.c, TTYB_DEFAULT_MEM_LIMIT), which is some 150 ms at 120,000 frames/s.
	slack    time.Duration
	grace    time.Duration // for the last frames of a rate to arrive
	lines    int           // parallel serial lines at the highest rate
	ports    int           // and at a low one
	commands int
	crowd    int           // clients
	messages int           // to the crowd
	settle   time.Duration // until memory is read: garbage collectors need their time
	starts   int
	stall    time.Duration
}

var (
	full = effort{rounds: 9, slow: 10 * time.Second, window: 4 * time.Second,
		lossTime: 3 * time.Second, lossFrom: 32_000, lossTo: 2_000_000, slack: 150 * time.Millisecond, grace: 2 * time.Second, lines: 32, ports: 100,
		commands: 600, crowd: 1000, messages: 40, settle: 5 * time.Second, starts: 5, stall: 15 * time.Second}
	quickly = effort{rounds: 1, slow: 2 * time.Second, window: 200 * time.Millisecond,
		lossTime: 100 * time.Millisecond, lossFrom: 500, lossTo: 1000, slack: patience, grace: patience, lines: 4, ports: 4,
		commands: 5, crowd: 20, messages: 3, settle: 100 * time.Millisecond, starts: 1, stall: time.Second}
)
