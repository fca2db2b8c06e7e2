// Command minirelay is a gateway for boards on serial lines: it publishes their data to its own MQTT broker and carries
// commands from phones back to them.
//
// Each subcommand has its own file with a function and a flag set; commands lists them. Errors are reported in two
// lines on stderr, the problem and a suggestion: see errors.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"minirelay/configs"
	"minirelay/locale"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // the command failed
	exitUsage  = 2 // the command line is invalid
)

// env holds a subcommand's input and output. Main puts a [locale.Screen] in front of both outputs; see say.go for
// JSON, and for the sequences with which the program itself controls a terminal.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lang           locale.Language // of texts for people
}

// command is one subcommand.
type command struct {
	name, args, summary string
	run                 func(ctx context.Context, env *env, args []string) error
}

// commands lists the subcommands in the order in which help shows them.
func commands() []command {
	return []command{
		{"run", "[-c FILE_OR_DIR] [-strict]", "run the gateway", runGateway},
		{"demo", "[-listen ADDRESS]", "run the gateway with simulated boards: no hardware, no config", runDemo},
		{"check", "[[-c] FILE_OR_DIR]", "report all faults of a config; touches no hardware", runCheck},
		{"init", "[-c FILE]", "make a first config, with the devices on this machine and the first user", runInit},
		{"sample", "[-l | NAME]", "print a complete config to begin with", runSample},
		{"address", "[-c FILE_OR_DIR] [-qr]", "print the addresses for browsers and phones", runAddress},
		{"status", "[-c FILE_OR_DIR] [-json]", "show the state of the gateway on this machine", runStatus},
		{"support", "[-c FILE_OR_DIR] [-o FILE]", "make an archive for a bug report, without passwords", runSupport},
		{"profiles", "[-json] [NAME | WORD…]", "list the ready-made device profiles, search them, or print one", runProfiles},
		{"schema", "", "print the JSON Schema for completing and checking a config in an editor", runSchema},
		{"ports", "[-json]", "list the serial ports and the path to write into a config; opens none", runPorts},
		{"scan", "[-only talk|modbus|dlt645] PORT", "find out how to read the device on a port", runScan},
		{"watch", "[-c …] [-record FILE] PORT | DEVICE", "show the data on a port, raw and decoded, live", runWatch},
		{"decode", "[-c … DEVICE | -profile NAME] FILE", "decode a recording of a line with a device's mapping", runDecode},
		{"replay", "[-speed N] [-loop] FILE", "simulate the board of a recording, on a port of its own", runReplay},
		{"user", "add | passwd | remove | list | hash", "change the users of a config, or make the hash of a password", runUser},
		{"version", "[-json]", "print the version", runVersion},
	}
}

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Main runs one command line and returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	env := &env{stdin, locale.NewScreen(stdout), locale.NewScreen(stderr), locale.FromEnvironment(os.Getenv)}
	if l, ok := givenLanguage(args); ok {
		env.lang = l
	}
	ctx, stop := untilSignal()
	defer stop()
	err := dispatch(ctx, env, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	what, try, status := describe(err)
	// A stopped terminal must not keep the program from ending: a service manager waits for that.
	within(flushTime, func() { env.notef("error: %s\nhint: %s\n", env.lang.Text(what), env.lang.Text(try)) })
	return status
}

// untilSignal returns a context that ends at the first SIGINT or SIGTERM. The second signal ends the process at once,
// in case a clean end hangs.
func untilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			os.Exit(exitFailed)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

func dispatch(ctx context.Context, env *env, args []string) error {
	args = withoutLanguage(args)
	if len(args) == 0 {
		help(env) // stderr has the two lines of every error
		return usageError{what: "no command given", try: "try minirelay demo, or see minirelay help"}
	}
	name, args := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		help(env)
		return nil
	case "help":
		if args = withoutLanguage(args); len(args) == 0 {
			help(env)
			return nil
		}
		name, args = args[0], append(args[1:], "-h")
	case "-version", "--version":
		name = "version"
	}
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return c.run(ctx, env, args)
		}
		names = append(names, c.name)
	}
	try := "the commands are " + strings.Join(names, ", ")
	if meant, ok := configs.Nearest(name, append(names, "help")); ok {
		try = fmt.Sprintf("did you mean minirelay %s?", meant)
	}
	return usageError{what: fmt.Sprintf("there is no command %q", name), try: try}
}

func help(env *env) {
	env.printf("minirelay is a gateway for boards on serial lines.\n\n")
	var columns locale.Table
	for _, c := range commands() {
		columns.Row("  minirelay "+strings.TrimSpace(c.name+" "+c.args), env.lang.Text(c.summary))
	}
	columns.Write(env.stdout, 3)
	env.printf("\nminirelay help COMMAND explains one of them.\n")
}
