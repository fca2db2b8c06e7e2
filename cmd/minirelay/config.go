package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"minirelay/configs"
)

// systemConfig is the config of a gateway that runs as a system service.
const systemConfig = "/etc/minirelay/minirelay.toml"

// configFlag adds -c to flags.
func configFlag(flags *flag.FlagSet) *string {
	return flags.String("c", "", "the config, a file or a directory of *.toml; if left out: $MINIRELAY_CONFIG,\n"+
		"\tor ./minirelay.toml, or "+systemConfig)
}

// configPath returns the config to use. given is the value of -c.
func configPath(given string) string {
	if given != "" {
		return given
	}
	if path := os.Getenv("MINIRELAY_CONFIG"); path != "" {
		return path
	}
	const here = "minirelay.toml"
	if !exists(here) && exists(systemConfig) {
		return systemConfig
	}
	return here // the error then explains that it is missing
}

// exists reports whether there is a file or a link, even a dangling one. A file that may not be examined counts as
// present: the package denies other users access to /etc/minirelay.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// loadConfig loads the config at path with load: [configs.Load], or [configs.LoadElsewhere] for a command that needs no
// password. It prints all its faults; the error counts them.
func loadConfig(env *env, path string, load func(path string) (*configs.Config, error)) (*configs.Config, error) {
	config, err := load(path)
	if err != nil {
		return nil, explainFaults(env, err)
	}
	return config, nil
}

// explainFaults prints the faults of a config, and returns the error that counts them.
func explainFaults(env *env, err error) error {
	var faults *configs.Faults
	if !errors.As(err, &faults) {
		return err
	}
	if err, ok := wholeFault(faults); ok {
		return err
	}
	for _, f := range faults.List {
		fmt.Fprint(env.stderr, f.In(env.lang.Text))
	}
	try := "fix them and try again with minirelay check; nothing has been started or changed"
	if len(faults.List) == 1 {
		try = "fix it and try again with minirelay check; nothing has been started or changed"
	}
	return userError{faults.Error(), try}
}

// wholeFault returns the fault of a file as a whole, for which the program's usual two lines are enough.
func wholeFault(faults *configs.Faults) (userError, bool) {
	if len(faults.List) != 1 || faults.List[0].Line != 0 {
		return userError{}, false
	}
	f := faults.List[0]
	return userError{f.Position() + ": " + f.What, f.Try}, true
}
