package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"minirelay/api"
	"minirelay/configs"
	"minirelay/devices/capture"
	"minirelay/devices/serial"
)

const (
	flushAfter = rowGap           // waiting bytes are shown after this time
	silentFor  = 10 * time.Second // a hint is due after this time without a byte
)

// watchOptions are the flags of `minirelay watch`.
type watchOptions struct {
	config, record, codec, profile string
	json, raw                      bool
	limit                          time.Duration
	line                           lineFlags
	remote                         remoteFlags
}

// runWatch is `minirelay watch`.
func runWatch(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	var o watchOptions
	path := configFlag(flags)
	flags.StringVar(&o.record, "record", "", "write a recording to this new file, for minirelay decode and replay")
	flags.StringVar(&o.codec, "codec", "", "cut and decode frames with this codec; for a port that is not in the config")
	flags.StringVar(&o.profile, "profile", "", "decode frames with this profile; for a port that is not in the config")
	flags.BoolVar(&o.raw, "raw", false, "show only the bytes; do not poll")
	flags.BoolVar(&o.json, "json", false, "print one JSON object per line, as GET /api/ports/PORT/wire does")
	flags.DurationVar(&o.limit, "for", 0, "end after this time, for example 30s; otherwise with Ctrl-C")
	o.line.add(flags)
	o.remote.add(flags)
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError{"minirelay watch takes one port or device", "for example: minirelay watch /dev/ttyUSB0, or minirelay watch greenhouse; minirelay ports lists ports"}
	}
	o.config = *path
	source, units, err := findSource(ctx, env, rest[0], &o)
	if err != nil {
		return err
	}
	w, err := newWatching(env, &o, units)
	if err != nil {
		return err
	}
	if o.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.limit)
		defer cancel()
	}
	err = w.run(ctx, source)
	return errors.Join(err, w.end(err != nil))
}

// source is a wire to watch. run calls see for each record until ctx ends, which is not an error, or until it fails.
type source struct {
	header capture.Header
	run    func(ctx context.Context, see func(sight) error) error
}

// watching is one run of watch.
type watching struct {
	env     *env
	view    *wireView
	json    *json.Encoder // nil: rows
	name    string        // of the recording; "" for no recording
	file    *os.File
	record  *capture.Writer
	written int // records
	started time.Time
	bytes   int
	tally   tally
}

func newWatching(env *env, o *watchOptions, units map[[2]string]string) (*watching, error) {
	w := &watching{env: env, view: newWireView(env.stdout, env.lang), name: o.record}
	w.view.units = units
	if o.json {
		w.json = env.json()
	}
	if o.record == "" {
		return w, nil
	}
	f, err := os.OpenFile(o.record, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // the bytes may hold passwords
	if errors.Is(err, os.ErrExist) {
		return nil, userError{o.record + " already exists", "name another file, or delete that one"}
	}
	if err != nil {
		return nil, fileError(o.record, err)
	}
	w.file = f
	return w, nil
}

// run shows the records of source until ctx ends.
func (w *watching) run(ctx context.Context, s *source) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.started = time.Now()
	if w.file != nil {
		s.header.Started = w.started
		var err error
		if w.record, err = capture.NewWriter(w.file, s.header); err != nil {
			return fileError(w.name, err)
		}
	}
	sights := make(chan sight)
	ended := make(chan error, 1)
	go func() {
		ended <- s.run(ctx, func(seen sight) error {
			select {
			case sights <- seen:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	flush := time.NewTimer(time.Hour)
	defer flush.Stop()
	silence := time.NewTimer(silentFor)
	defer silence.Stop()
	for {
		var err error
		select {
		case seen := <-sights:
			err = w.see(seen)
			flush.Reset(flushAfter)
		case <-flush.C:
			w.view.flush()
			err = w.view.err
		case <-silence.C:
			w.hint()
		case err = <-ended:
			if ctx.Err() != nil {
				err = nil
			}
			return err
		}
		if err != nil {
			cancel()
			<-ended
			return err
		}
	}
}

// see shows and records one sight.
func (w *watching) see(s sight) error {
	w.count(s)
	if w.record != nil && s.Dir != "" {
		data, err := hex.DecodeString(s.Hex)
		if err == nil {
			err = w.record.Write(capture.Record{At: max(0, s.at.Sub(w.started)), Out: s.Dir == api.Out, Data: data})
			w.written++
		}
		if err != nil {
			return fileError(w.name, err)
		}
	}
	if w.json != nil {
		return w.json.Encode(s.Sight)
	}
	w.view.show(s)
	return w.view.err
}

func (w *watching) count(s sight) {
	switch {
	case s.Dir == api.In:
		w.bytes += len(s.Hex) / 2
	case s.Frame != nil:
		w.tally.frame(s.Frame.OK, s.Frame.Hex == "", s.Frame.Why != "")
	}
}

// hint suggests what to check if no data arrives.
func (w *watching) hint() {
	if w.bytes == 0 && w.tally == (tally{}) && w.json == nil {
		w.view.line(time.Now(), '-', grey, w.env.lang.Text("nothing has been received yet: does the board send by itself, and is the wire connected correctly?"))
	}
}

// end prints a summary, if there was anything to see, and closes the recording.
func (w *watching) end(failed bool) error {
	w.view.flush()
	if w.json == nil && !(failed && w.bytes == 0) {
		text := count(w.bytes, "1 byte read", "%d bytes read")
		if frames := w.tally.String(); w.tally != (tally{}) {
			text += "; " + frames
		}
		fmt.Fprintln(w.env.stdout, w.env.lang.Text(text))
	}
	if w.file == nil {
		return nil
	}
	if err := w.file.Close(); err != nil {
		return fileError(w.name, err)
	}
	if w.written == 0 {
		if err := os.Remove(w.name); err != nil {
			return fileError(w.name, err)
		}
		return nil // a recording without a byte is useless, and would be in the way of the next attempt
	}
	if w.json == nil {
		w.env.printf("recorded in %s: minirelay decode and minirelay replay can read it\n", w.name)
	}
	return nil
}

// lineFlags are the flags for line settings.
type lineFlags struct {
	flags    *flag.FlagSet
	baud     int
	dataBits int
	parity   string
	stopBits float64
}

func (l *lineFlags) add(flags *flag.FlagSet) {
	d := serial.Default()
	l.flags = flags
	flags.IntVar(&l.baud, "baud", d.Baud, "speed of the line in bit/s")
	flags.IntVar(&l.dataBits, "data-bits", d.DataBits, "data bits of a character, 5 to 8")
	flags.StringVar(&l.parity, "parity", d.Parity, "none, odd, even, mark or space")
	flags.Float64Var(&l.stopBits, "stop-bits", d.StopBits, "1 or 2")
}

// set copies the given settings into p.
func (l *lineFlags) set(p *serial.Config) error {
	l.flags.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "baud":
			p.Baud = l.baud
		case "data-bits":
			p.DataBits = l.dataBits
		case "parity":
			p.Parity = l.parity
		case "stop-bits":
			p.StopBits = l.stopBits
		}
	})
	switch {
	case p.Baud < 50 || p.Baud > 4000000:
		return usageError{fmt.Sprintf("-baud %d: this speed does not exist", p.Baud), "usual ones are 9600, 19200, 38400, 57600 and 115200"}
	case p.DataBits < 5 || p.DataBits > 8:
		return usageError{fmt.Sprintf("-data-bits %d: a character has 5 to 8", p.DataBits), "nearly all lines have 8"}
	case p.StopBits != 1 && p.StopBits != 2:
		return usageError{fmt.Sprintf("-stop-bits %v: there are 1 or 2", p.StopBits), "nearly all lines have 1"}
	}
	switch p.Parity {
	case "none", "odd", "even", "mark", "space":
		return nil
	}
	words := []string{"none", "odd", "even", "mark", "space"}
	try := "it is one of none, odd, even, mark, space"
	if meant, ok := configs.Nearest(p.Parity, words); ok {
		try = "did you mean " + meant + "?"
	}
	return usageError{fmt.Sprintf("-parity %s: there is no such parity", p.Parity), try}
}
