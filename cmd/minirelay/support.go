package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"time"

	"minirelay/configs"
	"minirelay/devices/serial"
	"minirelay/locale"
	"minirelay/status"
)

// runSupport is `minirelay support`: an archive with everything needed to diagnose a fault remotely.
func runSupport(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("support", flag.ContinueOnError)
	given := configFlag(flags)
	out := flags.String("o", "", "the archive to write; minirelay-support-DATE.tar.gz if left out")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	now := time.Now()
	if *out == "" {
		*out = "minirelay-support-" + now.Format("20060102-150405") + ".tar.gz"
	}
	f, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return userError{"cannot write the archive: " + err.Error(), "name another file: minirelay support -o FILE"}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s := &support{at: now}
	names := s.gather(ctx, configPath(*given))
	if err := s.write(f); err != nil {
		return userError{"cannot write the archive: " + err.Error(), "free some space, or name a file on another disk: minirelay support -o FILE"}
	}
	env.printf("%s is written: %s\n", *out, strings.Join(names, ", "))
	return env.printf("Passwords and tokens of the config are redacted. Look through the archive before you give it to anybody: it\n" +
		"contains the names, addresses and values of your devices.\n")
}

// support collects the files of an archive.
type support struct {
	at    time.Time
	files []supportFile
}

type supportFile struct {
	name string
	text []byte
}

// gather collects everything available. For anything that cannot be read it records the error instead, which is a
// finding too.
func (s *support) gather(ctx context.Context, config string) (names []string) {
	add := func(name string, text []byte, err error) {
		if err != nil {
			name, text = name+".missing", []byte(err.Error()+"\n")
		}
		if !strings.HasPrefix(name, "config/") && path.Ext(name) != ".json" {
			text = []byte(locale.Lines(string(text))) // whoever unpacks the archive reads it on a terminal
		}
		s.files = append(s.files, supportFile{name, text})
		names = append(names, name)
	}
	version, err := json.MarshalIndent(thisBuild(), "", "  ")
	add("version.json", version, err)
	view := configs.ViewOf(config)
	for _, f := range view.Files {
		add("config/"+path.Base(f.Name), []byte(f.Text), nil)
	}
	add("check.txt", faultText(view), nil)
	dir, err := dataDir(config)
	var body []byte
	if err == nil {
		body, err = askLocally(ctx, dir, "/api/status")
	}
	add("status.json", body, err)
	if err == nil {
		s.figures(body, add)
	}
	ports, err := serial.List()
	text, _ := json.MarshalIndent(ports, "", "  ") // a list of texts
	add("ports.json", text, err)
	for name, command := range map[string][]string{
		"journal.txt": {"journalctl", "-u", "minirelay", "-n", "5000", "--no-pager", "-o", "short-iso"},
		"unit.txt":    {"systemctl", "show", "minirelay", "--no-pager"},
		"system.txt":  {"uname", "-a"},
		"kernel.txt":  {"dmesg", "--ctime"},
	} {
		text, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, text)
		}
		add(name, lastOf(withoutEnvironment(text)), err)
	}
	for name, file := range map[string]string{"os-release.txt": "/etc/os-release", "groups.txt": "/etc/group", "memory.txt": "/proc/meminfo"} {
		text, err := os.ReadFile(file)
		add(name, text, err)
	}
	return names
}

// figures adds the status for people and for Prometheus.
func (s *support) figures(body []byte, add func(name string, text []byte, err error)) {
	var snapshot status.Snapshot
	if err := json.Unmarshal(body, &snapshot); err != nil {
		add("metrics.txt", nil, err)
		return
	}
	var screen, metrics bytes.Buffer
	err := snapshot.Write(&screen, locale.English)
	add("status.txt", screen.Bytes(), err)
	snapshot.Metrics(&metrics)
	add("metrics.txt", metrics.Bytes(), nil)
}

// environment finds a unit's variables in the output of systemctl show: { env = "NAME" } takes secrets from them.
var environment = regexp.MustCompile(`(?m)^(\w*Environment=).+$`)

func withoutEnvironment(text []byte) []byte {
	return environment.ReplaceAll(text, []byte("${1}(secret)"))
}

// faultText returns the output of check without the lines of the file.
func faultText(view configs.View) []byte {
	var b bytes.Buffer
	for _, f := range view.Faults {
		fmt.Fprintf(&b, "fault %s: %s\n  hint: %s\n", f.Position(), f.What, f.Try)
	}
	for _, w := range view.Warnings {
		fmt.Fprintf(&b, "warning %s: %s\n  hint: %s\n", w.Position(), w.What, w.Try)
	}
	if b.Len() == 0 {
		b.WriteString("the config is valid\n")
	}
	return b.Bytes()
}

// maxSupportFile limits one file of the archive, in bytes. Only the end of a longer file is kept.
const maxSupportFile = 4 << 20

func lastOf(text []byte) []byte { return text[max(0, len(text)-maxSupportFile):] }

// write packs the files and closes w.
func (s *support) write(w io.WriteCloser) error {
	packed := gzip.NewWriter(w)
	t := tar.NewWriter(packed)
	for _, f := range s.files {
		head := &tar.Header{Name: "minirelay-support/" + f.name, Mode: 0o600, Size: int64(len(f.text)), ModTime: s.at}
		if err := t.WriteHeader(head); err != nil {
			return err
		}
		if _, err := t.Write(f.text); err != nil {
			return err
		}
	}
	for _, c := range []io.Closer{t, packed, w} {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return nil
}
