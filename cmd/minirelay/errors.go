package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"minirelay/configs"
	"minirelay/gateway"
)

// userError is an error and a suggestion for people: lower case, without a full stop.
type userError struct{ what, try string }

func (e userError) Error() string { return e.what }

// Hint returns the suggestion.
func (e userError) Hint() string { return e.try }

// usageError is an invalid command line. It makes the exit status 2.
type usageError struct{ what, try string }

func (e usageError) Error() string { return e.what }

// Hint returns the suggestion.
func (e usageError) Hint() string { return e.try }

// describe returns the two lines that users see for err, and the exit status. The second line is the error's hint.
func describe(err error) (what, try string, status int) {
	what, try = gateway.Describe(err)
	var usage usageError
	if errors.As(err, &usage) {
		return what, try, exitUsage
	}
	return what, try, exitFailed
}

// parseFlags parses args for the subcommand that flags is named after. It rejects arguments other than flags.
func parseFlags(flags *flag.FlagSet, env *env, args []string) error {
	rest, err := parseArgs(flags, env, args)
	if err == nil && len(rest) > 0 {
		return usageError{fmt.Sprintf("minirelay %s does not accept %q", flags.Name(), rest[0]), whereTo(flags, rest[0])}
	}
	return err
}

// parseArgs is parseFlags for subcommands that take arguments as well as flags, in any order. It returns the arguments.
func parseArgs(flags *flag.FlagSet, env *env, args []string) ([]string, error) {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	langFlag(flags, env)
	var rest []string
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			usage(flags, env)
			return nil, err
		}
		if err != nil {
			return nil, usageError{err.Error(), flagMeant(flags, err)}
		}
		if flags.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

// whereTo is the hint for an argument that a subcommand does not accept. People write the config without -c.
func whereTo(flags *flag.FlagSet, argument string) string {
	if flags.Lookup("c") != nil && (strings.HasSuffix(argument, ".toml") || exists(argument)) {
		return fmt.Sprintf("a config is named with -c: minirelay %s -c %s", flags.Name(), argument)
	}
	return helpOn(flags)
}

// flagMeant is the hint for flags that cannot be parsed. It knows what other programs call -c.
func flagMeant(flags *flag.FlagSet, err error) string {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return helpOn(flags)
	}
	switch name {
	case "config", "conf", "config-file", "cfg", "file", "f":
		if flags.Lookup("c") != nil {
			return fmt.Sprintf("a config is named with -c: minirelay %s -c FILE", flags.Name())
		}
	}
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if meant, ok := configs.Nearest(name, names); ok && len(meant) > 1 {
		return fmt.Sprintf("did you mean -%s?", meant)
	}
	return helpOn(flags)
}

func helpOn(flags *flag.FlagSet) string {
	return "minirelay help " + flags.Name() + " lists its arguments"
}

// usage explains one subcommand.
func usage(flags *flag.FlagSet, env *env) {
	w := env.stdout
	for _, c := range commands() {
		if c.name == flags.Name() {
			env.printf("usage: minirelay %s\n\n%s\n", strings.TrimSpace(c.name+" "+c.args), env.lang.Text(c.summary))
		}
	}
	if text := helpTexts[flags.Name()]; text != "" {
		fmt.Fprintf(w, "\n%s\n", env.lang.Text(text))
	}
	first := true
	flags.VisitAll(func(f *flag.Flag) {
		if first {
			fmt.Fprintln(w)
			first = false
		}
		text := env.lang.Text(f.Usage)
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0s" {
			at := strings.LastIndexByte(text, '\n') + 1 // an argument is one line
			text = text[:at] + env.lang.Sprintf("%s (default %s)", text[at:], f.DefValue)
		}
		fmt.Fprintf(w, "  -%s\n\t%s\n", f.Name, text)
	})
}
