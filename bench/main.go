// Command bench measures minirelay as a user runs it, and a minimal pipe in the same run.
//
//	go run ./bench                 everything; takes about a quarter of an hour
//	go run ./bench -only latency   the measures whose name matches
//	go run ./bench -quick          tiny counts: shows that it works, measures nothing
//	go run ./bench -json           figures of every round, for a program
//
// The minimal pipe is the least that can do the job: a serial line, read line by line, into the same broker library
// with its own wss listener, and a command topic written to the line. It has no relay, no policy, no memory and no
// guard. It is this program, started again as its own child. Both sides get the same boards (on ptys), the same
// client, the same load, and take turns round by round, so that a noisy machine hits both. It prints the median
// of the rounds, and ours divided by the pipe's.
//
// A reader finds the table of all measures in measures.go, each measure in the file of its name, and their
// parts in board.go (the serial line), pace.go (the load), client.go (a lean MQTT client), listener.go (what it
// counts), side.go and subject.go (a side, and one that runs), pipe.go and crowd.go (the two kinds of children).
// It needs Linux: ptys, /proc and the clocks of its kernel.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "error:", err)
		}
		os.Exit(1)
	}
}

// run is the whole command. If its first argument is -child, it runs as one of its own children.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 1 && args[0] == "-child" {
		return runChild(ctx, args[1], args[2:], stdout)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "measure only what matches this regular expression")
	quick := flags.Bool("quick", false, "tiny counts, to see that everything works")
	asJSON := flags.Bool("json", false, "print JSON with the figures of every round")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood; see -help", flags.Arg(0))
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	e := full
	if *quick {
		e = quickly
	}
	results, err := measureAndClean(ctx, e, chosen, stderr)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(stdout, results)
	}
	printTable(stdout, results, *quick)
	return failures(results)
}

// measureAndClean leaves nothing on the disk when it returns: printing may fail, as into a pipe without a reader.
func measureAndClean(ctx context.Context, e effort, chosen []measure, progress io.Writer) ([]result, error) {
	b, err := newBench(ctx, e, progress)
	if err != nil {
		return nil, err
	}
	defer b.close()
	return b.measureAll(ctx, chosen)
}

// runChild is the program as its own child.
func runChild(ctx context.Context, kind string, args []string, stdout io.Writer) error {
	switch kind {
	case "pipe":
		return runPipe(ctx, args, stdout)
	case "crowd":
		return runCrowd(ctx, args, stdout)
	}
	return fmt.Errorf("there is no child %q", kind)
}
