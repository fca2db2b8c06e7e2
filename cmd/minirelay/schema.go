package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"minirelay/configs"
	"minirelay/locale"
)

// runSchema is `minirelay schema`.
func runSchema(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("schema", flag.ContinueOnError)
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	_, err := env.stdout.Write(configs.Schema())
	return err
}

// runSample is `minirelay sample`.
func runSample(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("sample", flag.ContinueOnError)
	list := flags.Bool("l", false, "list the names")
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	samples := configs.Samples()
	if *list {
		for _, s := range samples {
			about := s.Summary
			if env.lang == locale.Chinese {
				about = s.Chinese
			}
			fmt.Fprintf(env.stdout, "%-16s %s\n", s.Name, about)
		}
		return nil
	}
	if len(rest) > 1 {
		return usageError{"minirelay sample prints one sample at a time", "give one name"}
	}
	name := "minirelay"
	if len(rest) == 1 {
		name = strings.TrimSuffix(rest[0], ".toml")
	}
	var names []string
	for _, s := range samples {
		if s.Name == name {
			_, err := env.stdout.Write(s.Text)
			return err
		}
		names = append(names, s.Name)
	}
	try := "there are " + strings.Join(names, ", ")
	if meant, ok := configs.Nearest(name, names); ok {
		try = fmt.Sprintf("did you mean %s?", meant)
	}
	return usageError{fmt.Sprintf("there is no sample %q", name), try}
}
