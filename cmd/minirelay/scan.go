package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"minirelay/devices/detect"
	"minirelay/devices/serial"
)

// scanning is one run of `minirelay scan`.
type scanning struct {
	env    *env
	name   string // of the port, as it was given
	path   string // the most stable path of the port
	line   lineFlags
	listen time.Duration // at each setting
	wait   time.Duration // timeout for the answer of a Modbus unit to begin
	upTo   int           // the highest register to read
	units  int           // the highest address to try
	all    bool
	found  detect.Result
	tty    bool // progress overwrites itself
	last   time.Time
}

// runScan is `minirelay scan`.
func runScan(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("scan", flag.ContinueOnError)
	s := &scanning{env: env}
	only := flags.String("only", "", "search for one kind only: talk (a board that sends by itself), modbus, or dlt645")
	flags.DurationVar(&s.listen, "listen", 3*time.Second, "time to listen at each setting")
	flags.DurationVar(&s.wait, "wait", 120*time.Millisecond, "time limit for the answer of a Modbus unit")
	flags.IntVar(&s.upTo, "registers", 63, "the highest register to look at, counted from 0")
	flags.IntVar(&s.units, "units", 247, "the highest Modbus address to try")
	flags.BoolVar(&s.all, "all", false, "try all Modbus addresses at every setting, not only at a setting with answers")
	s.line.add(flags)
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError{"minirelay scan takes one port", "for example: minirelay scan /dev/ttyUSB0; minirelay ports lists them"}
	}
	if err := s.checkFlags(*only); err != nil {
		return err
	}
	s.name = fullPath(rest[0])
	s.tty = isTerminal(env.stderr)
	return s.run(ctx, *only)
}

func (s *scanning) checkFlags(only string) error {
	switch only {
	case "", "talk", "modbus", "dlt645":
	default:
		return usageError{fmt.Sprintf("-only %s: unknown value", only), "it is talk, modbus or dlt645"}
	}
	switch {
	case s.listen < 100*time.Millisecond || s.listen > time.Minute:
		return usageError{fmt.Sprintf("-listen %v is not a valid time", s.listen), "it can be 100ms to 1m"}
	case s.wait < 5*time.Millisecond || s.wait > 5*time.Second:
		return usageError{fmt.Sprintf("-wait %v is not a valid time", s.wait), "it can be 5ms to 5s"}
	case s.units < 1 || s.units > 247:
		return usageError{fmt.Sprintf("-units %d: there is no such address", s.units), "Modbus units have 1 to 247"}
	case s.upTo < 0 || s.upTo > 65535:
		return usageError{fmt.Sprintf("-registers %d: there is no such register", s.upTo), "they are counted from 0 to 65535"}
	}
	p := serial.Default()
	return s.line.set(&p)
}

func (s *scanning) run(ctx context.Context, only string) error {
	port := serial.Default()
	port.ID, port.Path = adHoc, s.name
	if err := s.line.set(&port); err != nil {
		return err
	}
	l, err := detect.Open(port)
	if err != nil {
		return err
	}
	defer l.Close()
	s.path = stablePath(s.name)
	s.found = detect.Result{Path: s.path, Name: shortName(s.name)}
	if only == "" || only == "talk" {
		talks, err := s.talkers(ctx, l)
		if err != nil || talks {
			return s.end(ctx, err)
		}
	}
	if only == "" || only == "modbus" {
		if err := s.modbus(ctx, l); err != nil || len(s.found.Units) > 0 {
			return s.end(ctx, err)
		}
	}
	if only == "" || only == "dlt645" {
		err = s.meter(ctx, l)
	}
	return s.end(ctx, err)
}

// settings returns the given settings, or else the usual ones.
func (s *scanning) settings(usual []detect.Setting) []detect.Setting {
	given := strings.HasPrefix(s.name, "tcp://") // a serial server sets its line itself
	s.line.flags.Visit(func(f *flag.Flag) { given = given || f.Name == "baud" || f.Name == "parity" || f.Name == "data-bits" })
	if !given {
		return usual
	}
	return []detect.Setting{{Baud: s.line.baud, DataBits: s.line.dataBits, Parity: s.line.parity}}
}

// talkers looks for a board that sends by itself, and reports whether any data arrives at all.
func (s *scanning) talkers(ctx context.Context, l detect.Line) (bool, error) {
	speeds := detect.Speeds()
	if one := s.settings(nil); one != nil {
		speeds = []int{one[0].Baud}
	}
	s.say("listening for a board that sends by itself; nothing is written")
	all, err := detect.Talkers(ctx, l, s.listen, speeds, func(at detect.Setting) { s.progress("listening at %v", at) })
	if err != nil || len(all) == 0 {
		if err == nil {
			s.say("nothing was received: a device there must be polled, or sends rarely (-listen 20s)")
		}
		return false, err
	}
	best := all[0]
	for _, sample := range all[:min(3, len(all))] {
		s.say("%-13v %3.0f %%  %s", sample.Setting, 100*sample.Sense.Value, sample.Sense.What)
	}
	if best.Sense.Value < detect.Doubtful {
		s.say("data was received, but no setting fits for certain; the best one is below")
	}
	s.found.Talker = &best
	s.found.Profile = matchingProfile(best)
	return true, nil
}

func (s *scanning) modbus(ctx context.Context, l detect.Line) error {
	search := detect.ModbusSearch{Settings: s.settings(detect.ModbusSettings()), Patience: s.wait, UpTo: s.units, All: s.all}
	s.say("searching for Modbus units: %s at most, with functions that only read", roughly(search.Steps(), s.wait))
	found, err := detect.ModbusUnits(ctx, l, search, s.step)
	s.found.Echo = found.Echo
	if err != nil {
		return err
	}
	if len(found.Units) == 0 {
		s.say("no Modbus unit answers")
		if found.Garbled.Baud != 0 {
			s.say("something answered at %v that is not valid: are wires swapped, is a terminator missing, or do two units have the same address?", found.Garbled)
		}
		return nil
	}
	for _, u := range found.Units {
		s.say("Modbus unit %d answers at %v; looking for its registers", u.Address, u.Setting)
		ranges, err := detect.Ranges(ctx, l, u, s.upTo, s.wait, s.step)
		var fits []string
		var certain bool
		if err == nil {
			fits, certain, err = s.fittingProfiles(ctx, l, u)
		}
		s.found.Units = append(s.found.Units, detect.UnitResult{Unit: u, Ranges: ranges, Profiles: fits, Certain: certain})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scanning) meter(ctx context.Context, l detect.Line) error {
	s.say("searching for a DL/T 645 meter")
	meters, garbled, err := detect.Meters(ctx, l, s.settings(detect.MeterSettings()), max(s.wait, 600*time.Millisecond), s.step)
	s.found.Meters = meters
	for _, m := range meters {
		s.say("the meter %s answers at %v", m.Address, m.Setting)
	}
	switch {
	case err != nil:
		return err
	case len(meters) > 0:
	case garbled.Baud != 0:
		s.say("something answered at %v that is not valid: are wires swapped, or do several meters answer at once? connect only one", garbled)
	default:
		s.say("no meter answers")
	}
	return nil
}

// end prints the findings, even if the search was interrupted.
func (s *scanning) end(ctx context.Context, err error) error {
	s.clear()
	switch {
	case errors.Is(err, detect.ErrLost):
		err = userError{"the port was lost", "check the cable and the power supply of the board"}
	case ctx.Err() != nil:
		err = userError{"the scan was interrupted", "the results so far are above; -only and -baud make the search shorter"}
	}
	if text := s.found.TOML(); text != "" {
		s.summary()
		if _, werr := io.WriteString(s.env.stdout, text); werr != nil {
			return werr
		}
		return err
	}
	if err != nil {
		return err
	}
	return userError{"nothing was found on " + s.name, "is it powered, are the two wires swapped, is it set to another speed? -all searches longer"}
}

// roughly returns the longest time that this many questions take.
func roughly(steps int, wait time.Duration) string {
	d := time.Duration(steps) * (wait + 20*time.Millisecond)
	return d.Round(time.Second).String()
}

// say reports a step on stderr.
func (s *scanning) say(format string, args ...any) {
	s.clear()
	fmt.Fprintln(s.env.stderr, s.env.lang.Sprintf(format, args...))
}

// step shows the progress of a search.
func (s *scanning) step(p detect.Progress) {
	s.progress("%3d %%  %v  %s", 100*p.Done/max(p.Total, 1), p.Setting, p.What)
}

// clearLine moves a terminal's cursor to the start of its line and empties it.
const clearLine = "\r\x1b[K"

// progress shows a line that the next one replaces. A terminal gets every line, anything else one every few seconds.
func (s *scanning) progress(format string, args ...any) {
	now := time.Now()
	if s.tty {
		if now.Sub(s.last) > 50*time.Millisecond {
			fmt.Fprint(behind(s.env.stderr), clearLine)
			fmt.Fprint(s.env.stderr, s.env.lang.Sprintf(format, args...))
			s.last = now
		}
		return
	}
	if now.Sub(s.last) > 5*time.Second {
		fmt.Fprintln(s.env.stderr, s.env.lang.Sprintf(format, args...))
		s.last = now
	}
}

func (s *scanning) clear() {
	if s.tty && !s.last.IsZero() {
		fmt.Fprint(behind(s.env.stderr), clearLine)
		s.last = time.Time{}
	}
}

// stablePath returns the best name of the port at a path.
func stablePath(path string) string {
	real, err := serial.Config{Path: path}.Locate()
	if strings.Contains(path, "://") || err != nil {
		return path
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	ports, err := serial.List()
	if err != nil {
		return path
	}
	for _, p := range ports {
		if p.Device == real {
			return p.Path
		}
	}
	return path
}
