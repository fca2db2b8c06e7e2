package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"minirelay/gateway"
)

// Set by the linker: -X main.version=v1.2.3 -X main.commit=abc1234 -X main.date=2026-01-31T12:00:00Z, the time of the
// commit.
var version, commit, date string

// build describes the build of this binary.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Date     string `json:"date"` // of the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// thisBuild takes the values that the linker did not set from the module and its repository.
func thisBuild() build {
	b := build{version, commit, date, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" && b.Date == "" {
			b.Date = s.Value
		}
		if s.Key == "vcs.revision" && b.Commit == "" {
			b.Commit = s.Value[:min(len(s.Value), 12)]
		}
	}
	return b
}

// runVersion is `minirelay version`.
func runVersion(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("version", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print one JSON object")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	b := thisBuild()
	if *asJSON {
		return env.json().Encode(b)
	}
	fmt.Fprintf(env.stdout, "minirelay %s", b.Version)
	if b.Commit != "" && !strings.Contains(b.Version, b.Commit) {
		fmt.Fprintf(env.stdout, " (%s)", b.Commit)
	}
	if b.Date != "" {
		fmt.Fprintf(env.stdout, " of %s", b.Date)
	}
	_, err := fmt.Fprintf(env.stdout, " %s %s\n", b.Go, b.Platform)
	return err
}

func gatewayBuild() gateway.Build {
	b := thisBuild()
	return gateway.Build{Version: b.Version, Commit: b.Commit, Go: b.Go}
}
