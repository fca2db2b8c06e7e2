package main

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
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
		b.Version = sorting(info.Main.Version)
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

// pseudo is a version that the go command makes of a commit without a tag (go.dev/ref/mod, pseudo-versions): the version
// before it, the time of the commit in UTC, and its hash. After a release, the next one is named and followed by -0.
var pseudo = regexp.MustCompile(`^(\d+\.\d+\.)(\d+)(-0|-[0-9A-Za-z.-]+\.0)?[-.](\d{14})-([0-9a-f]{12})$`)

// sorting returns a version of the go command as deploy/version writes it, so that later commits sort behind earlier
// ones and behind the release before them.
func sorting(version string) string {
	version, changed := strings.CutSuffix(strings.TrimPrefix(version, "v"), "+dirty")
	m := pseudo.FindStringSubmatch(version)
	switch {
	case m != nil:
		patch, _ := strconv.Atoi(m[2])
		if m[3] == "-0" {
			patch--
		}
		version = fmt.Sprintf("%s%d%s+git%s.g%s", m[1], patch, strings.TrimSuffix(strings.TrimSuffix(m[3], "-0"), ".0"), m[4], m[5])
	case version == "" || version[0] < '0' || version[0] > '9':
		return "0.0.0" // (devel): without a repository
	}
	version = strings.ReplaceAll(version, "-", "~")
	if changed {
		version += ".dirty"
	}
	return version
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
