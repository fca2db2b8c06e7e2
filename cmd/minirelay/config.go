package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"minirelay/configs"
)

// systemConfig is where the config of a gateway that starts with the machine is.
const systemConfig = "/etc/minirelay/minirelay.toml"

// configFlag adds -c to flags.
func configFlag(flags *flag.FlagSet) *string {
	return flags.String("c", "", "the config, a file or a directory of *.toml; if left out: $MINIRELAY_CONFIG,\n"+
		"\tor ./minirelay.toml, or "+systemConfig)
}

// configPath is the config to use, if -c was given as given.
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
	return here // whose absence is explained
}

// exists says whether there is a file, or a link that may lead nowhere. One that may not be looked at is there: the
// package keeps strangers out of /etc/minirelay.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// loadConfig loads the config at path. It prints all its faults; the error counts them.
func loadConfig(env *env, path string) (*configs.Config, error) {
	config, err := configs.Load(path)
	var faults *configs.Faults
	if !errors.As(err, &faults) {
		return config, err
	}
	if err, ok := wholeFault(faults); ok {
		return nil, err
	}
	for _, f := range faults.List {
		fmt.Fprint(env.stderr, f.In(env.lang.Text))
	}
	return nil, userError{faults.Error(), "fix them and try again with minirelay check; nothing has been started or changed"}
}

// wholeFault is the fault of a file as a whole, which is told in the two lines of the program alone.
func wholeFault(faults *configs.Faults) (userError, bool) {
	if len(faults.List) != 1 || faults.List[0].Line != 0 {
		return userError{}, false
	}
	f := faults.List[0]
	return userError{f.Position() + ": " + f.What, f.Try}, true
}
