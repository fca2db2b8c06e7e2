// Command soak runs a gateway under bad conditions and counts its losses: 20 boards that are unplugged and plugged
// in again, 50 clients over wss that come and go, commands, repetitions of commands, reloads of valid and of broken
// configs, and an upstream whose line is cut.
//
//	main.go        the time, the report and the exit status
//	gateway.go     the gateway as a process: its config, its figures
//	board.go       boards that count their lines and their commands
//	observer.go    the client that must get every reading
//	commander.go   commands and their results
//	trouble.go     unplugging, reloading, clients that come and go, the flapping upstream
//
// It fails if a reading is lost, a command is executed twice or late, ends without its one result or with a wrong one,
// or if the gateway holds more memory than it may, or goroutines or files when all is quiet again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

func main() {
	length := flag.Duration("for", time.Hour, "how long")
	boards := flag.Int("boards", 20, "how many boards")
	clients := flag.Int("clients", 50, "how many clients come and go")
	memory := flag.Int("memory", 128, "most resident memory, in MiB")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *length, *boards, *clients, *memory); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// quietTime is how long the gateway has to settle before its figures are compared.
const quietTime = 20 * time.Second

func run(ctx context.Context, length time.Duration, boards, clients, memory int) error {
	dir, err := os.MkdirTemp("", "minirelay-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fleet, err := plugIn(dir, boards)
	if err != nil {
		return err
	}
	defer fleet.close()
	flapping, err := newFlapping(ctx)
	if err != nil {
		return err
	}
	defer flapping.close()
	g, err := startGateway(ctx, dir, fleet, flapping.address())
	if err != nil {
		return err
	}
	defer g.stop()
	o, err := observe(g, fleet)
	if err != nil {
		return err
	}
	defer o.close()
	if err := fleet.awaitOnline(ctx, o); err != nil {
		return err
	}
	before, err := g.settled(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-9s %8s %10s %6s %10s %9s %9s %8s %8s\n", "after", "memory", "goroutines", "files", "readings", "lost", "commands", "twice", "faults")
	show := func(at time.Duration, f figures) {
		fmt.Printf("%-9s %5.1fMiB %10d %6d %10d %9d %9d %8d %8d\n", at.Round(time.Second), float64(f.memory)/(1<<20), f.goroutines, f.files,
			o.readings(), o.lost(), o.commander.given(), fleet.twice(), len(o.faults())+len(o.commander.faults()))
	}
	show(0, before)

	bad, end := context.WithTimeout(ctx, length)
	defer end()
	var all sync.WaitGroup
	all.Go(func() { unplug(bad, fleet) })
	all.Go(func() { reload(bad, g) })
	all.Go(func() { flapping.flap(bad) })
	for i := range clients {
		all.Go(func() { comeAndGo(bad, g, i) })
	}
	all.Go(func() { o.commander.run(bad, fleet) })
	peak, started := before, time.Now()
	for tick := time.NewTicker(max(length/12, 5*time.Second)); bad.Err() == nil; {
		select {
		case <-bad.Done():
		case <-tick.C:
			now, err := g.figures(ctx)
			if err != nil {
				return err
			}
			peak.memory = max(peak.memory, now.memory)
			show(time.Since(started), now)
		}
	}
	all.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o.commander.awaitResults(quietTime)
	after, err := g.settled(ctx)
	if err != nil {
		return err
	}
	show(time.Since(started), after)
	return judge(o, fleet, before, after, peak, memory, g.log(filepath.Join(dir, "log")))
}

// judge lists every fault.
func judge(o *observer, fleet *fleet, before, after, peak figures, memory int, log string) error {
	var faults []string
	faults = append(faults, o.faults()...)
	faults = append(faults, o.commander.faults()...)
	if n := o.commander.waiting(); n > 0 {
		faults = append(faults, fmt.Sprintf("%d commands have no result", n))
	}
	if n := fleet.twice(); n > 0 {
		faults = append(faults, fmt.Sprintf("%d commands were executed twice", n))
	}
	if peak.memory > memory<<20 || after.memory > memory<<20 {
		faults = append(faults, fmt.Sprintf("it held %.1f MiB", float64(max(peak.memory, after.memory))/(1<<20)))
	}
	// A few of each come and go anyway.
	if after.goroutines > before.goroutines+10 {
		faults = append(faults, fmt.Sprintf("%d goroutines were left over", after.goroutines-before.goroutines))
	}
	if after.files > before.files+10 {
		faults = append(faults, fmt.Sprintf("%d files were left open", after.files-before.files))
	}
	if o.readings() == 0 || o.commander.done() == 0 {
		faults = append(faults, "nothing has happened")
	}
	fmt.Printf("\n%d readings, %d lost; %d commands: %s; executed %d, twice %d; peak %.1f MiB\n", o.readings(), o.lost(),
		o.commander.given(), o.commander.summary(), fleet.executed(), fleet.twice(), float64(peak.memory)/(1<<20))
	if len(faults) == 0 {
		return nil
	}
	for _, f := range faults[:min(len(faults), 20)] {
		fmt.Println("fault:", f)
	}
	fmt.Println("the end of the gateway's log:\n" + log)
	return fmt.Errorf("%d faults", len(faults))
}
