package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Versions sort as their commits do, whether make or the go command built them.
func TestVersionsSort(t *testing.T) {
	dir := t.TempDir()
	script, err := filepath.Abs("../../deploy/version")
	if err != nil {
		t.Fatal(err)
	}
	output := func(env []string, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	version := func() string { return output(nil, script, dir) }
	commit := func(at string) {
		output([]string{"GIT_COMMITTER_DATE=" + at}, "git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", at)
	}
	if got := version(); got != "0.0.0" {
		t.Errorf("%s without a repository", got)
	}
	output(nil, "git", "init", "-q")
	var all []string
	step := func(at, tag string) {
		commit(at)
		if tag != "" {
			output(nil, "git", "tag", tag)
		}
		all = append(all, version())
	}
	step("2026-01-31T09:00:00+08:00", "")
	step("2026-01-31T02:00:00+00:00", "")
	step("2026-02-01T00:00:00+00:00", "v1.9.0-rc1")
	step("2026-02-02T00:00:00+00:00", "")
	step("2026-02-03T00:00:00+00:00", "v1.9.0")
	step("2026-02-04T00:00:00+00:00", "")
	step("2026-02-05T00:00:00+00:00", "v1.10.0")
	if !strings.HasPrefix(all[0], "0.0.0+git20260131010000.g") || all[2] != "1.9.0~rc1" || all[4] != "1.9.0" || !strings.HasPrefix(all[5], "1.9.0+git20260204000000.g") {
		t.Errorf("%q", all)
	}
	writeFile(t, filepath.Join(dir, "file"), "")
	output(nil, "git", "add", "file")
	all = append(all, version())
	if got := all[len(all)-1]; got != "1.10.0.dirty" {
		t.Errorf("%s with a changed file", got)
	}
	sorted := exec.Command("sort", "-V", "-c") // in the order of Debian's versions
	sorted.Stdin = strings.NewReader(strings.Join(all, "\n") + "\n")
	if out, err := sorted.CombinedOutput(); err != nil {
		t.Errorf("%v: %s\n%s", err, out, strings.Join(all, "\n"))
	}
	for from, want := range map[string]string{
		"v0.0.0-20260131010000-0123456789ab":       "0.0.0+git20260131010000.g0123456789ab",
		"v0.0.0-20260131010000-0123456789ab+dirty": "0.0.0+git20260131010000.g0123456789ab.dirty",
		"v1.9.1-0.20260204000000-0123456789ab":     "1.9.0+git20260204000000.g0123456789ab",
		"v1.9.0-rc1.0.20260202000000-0123456789ab": "1.9.0~rc1+git20260202000000.g0123456789ab",
		"v1.9.0": "1.9.0", "v1.9.0+dirty": "1.9.0.dirty", "v1.9.0-rc1": "1.9.0~rc1", "(devel)": "0.0.0", "": "0.0.0",
	} {
		if got := sorting(from); got != want {
			t.Errorf("%s became %s", from, got)
		}
	}
}
