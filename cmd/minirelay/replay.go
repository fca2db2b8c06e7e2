package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"minirelay/devices/capture"
	"minirelay/devices/serial"
	"minirelay/locale"
	"minirelay/softboard"
)

// lookForUser is the interval between checks whether another program has opened the port.
const lookForUser = 100 * time.Millisecond

// lastWords is how long the last bytes of a recording wait for a reader.
const lastWords = 5 * time.Second

// runReplay is `minirelay replay`.
func runReplay(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	speed := flags.Float64("speed", 1, "speed factor: 10 is ten times as fast as recorded")
	loop := flags.Bool("loop", false, "start over at the end")
	now := flags.Bool("now", false, "begin at once, without waiting until the port is opened")
	link := flags.String("link", "", "also make the port available at this path, which must not exist yet")
	raw := flags.Bool("raw", false, "read the file as the bare bytes of the line, whatever its form")
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	switch {
	case len(rest) != 1:
		return usageError{"minirelay replay takes one recording", "for example: minirelay replay wire.txt; minirelay watch -record makes one"}
	case !(*speed > 0 && *speed <= 1e6):
		return usageError{fmt.Sprintf("-speed %v: out of range", *speed), "1 is the recorded speed, 10 is ten times as fast"}
	}
	recording, err := readRecording(env, rest[0], *raw)
	if err != nil {
		return err
	}
	if *link != "" {
		if exists(*link) {
			return userError{*link + " already exists", "name another path for -link, or delete that one"}
		}
		if *link, err = filepath.Abs(*link); err != nil {
			return err
		}
	}
	line, err := softboard.Open(*link)
	if err != nil {
		return userError{fmt.Sprintf("cannot create a port: %v", err), "-link takes a path in a directory that this user may write to"}
	}
	player := capture.NewPlayer(recording)
	player.Speed, player.Loop = *speed, *loop
	player.Unknown = func(b []byte) {
		env.notef("not in the recording: % x  %s\n", b, capture.Text(b))
	}
	fmt.Fprintf(env.stdout, "path = %q\n", line.Path())
	about := []string{env.lang.Sprintf("the recording %s: %s", rest[0], recordingSummary(env.lang, recording, player))}
	if !*now {
		about = append(about, env.lang.Text("begins when the port is opened; Ctrl-C ends it"))
	}
	for _, remark := range about {
		fmt.Fprintf(env.stdout, "  # %s\n", remark)
	}
	err = play(ctx, player, line, *now)
	if ctx.Err() == nil && err == nil {
		env.printf("the recording has ended; -loop repeats it\n")
	}
	return err
}

// play plays on a line as soon as another program has opened it, and then closes it.
func play(ctx context.Context, player *capture.Player, line *softboard.Line, now bool) (err error) {
	defer func() { err = errors.Join(err, line.Close()) }()
	tick := time.NewTicker(lookForUser)
	defer tick.Stop()
	for !now && !opened(line.Path()) {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	if err := player.Run(ctx, line); err != nil || ctx.Err() != nil {
		return err
	}
	// The last bytes must be read before the port goes, unless there is no reader any more. The kernel takes a moment
	// to hand them over.
	for read, looks := 0, 0; read < 2 && looks < int(lastWords/lookForUser); looks++ {
		time.Sleep(lookForUser)
		if line.Unread() == 0 {
			read++
		}
	}
	return nil
}

// opened reports whether another program has the port open, or a minirelay process has locked it.
func opened(path string) bool {
	return slices.ContainsFunc(serial.Users(path), func(h serial.User) bool { return h.Locked || h.PID != os.Getpid() })
}

// recordingSummary describes the contents of a recording.
func recordingSummary(lang locale.Language, recording []capture.Record, player *capture.Player) string {
	in := 0
	for _, r := range recording {
		if !r.Out {
			in += len(r.Data)
		}
	}
	s := lang.Sprintf("%s in %.1f s", count(in, "1 byte", "%d bytes"), recording[len(recording)-1].At.Seconds())
	if n := player.Requests(); n > 0 {
		s = lang.Clauses(s, count(n, "answers 1 different request", "answers %d different requests"))
	}
	return s
}
