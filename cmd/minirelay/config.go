package main

import (
	"errors"
	"flag"
	"fmt"
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

// exists says whether there is a file, or a link that may lead nowhere.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// loadConfig loads the config at path. It prints all its faults; the error counts them.
func loadConfig(env *env, path string) (*configs.Config, error) {
	config, err := configs.Load(path)
	var faults *configs.Faults
	if !errors.As(err, &faults) {
		return config, err
	}
	// A fault of the file as a whole is told in the two lines of the program alone.
	if len(faults.List) == 1 && faults.List[0].Line == 0 {
		f := faults.List[0]
		return nil, userError{f.Position() + ": " + f.What, f.Try}
	}
	for _, f := range faults.List {
		fmt.Fprint(env.stderr, f)
	}
	return nil, userError{faults.Error(), "mend them and try again with minirelay check; nothing has been started or changed"}
}
