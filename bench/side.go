package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// side is one of the two programs that are compared: its start, its topics, and the form of its commands.
type side struct {
	name    string
	program func(b *bench, dir, address string, ttys []string) (*exec.Cmd, error)

	state     string                 // filter of all boards' frames
	result    string                 // filter of all boards' answers
	commandTo string                 // topic of commands for the first board
	command   func(seq int64) []byte // payload of a command
	// answer reads the number from a positive answer to a command.
	answer func(topic, payload []byte) (seq int64, ok bool)
}

// pipe is the minimal pipe.
var pipe = side{
	name: "pipe",
	program: func(b *bench, _, address string, ttys []string) (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return exec.Command(self, append([]string{"-child", "pipe", b.cert, b.key, address}, ttys...)...), nil
	},
	state: "bench/+", result: "bench/+", commandTo: "bench/d0/command",
	command: func(seq int64) []byte { return fmt.Appendf(nil, "SET 1 #%d\n", seq) },
	answer: func(_, payload []byte) (int64, bool) {
		text, ok := bytes.CutPrefix(payload, []byte("OK #"))
		seq, err := strconv.ParseInt(string(text), 10, 64)
		return seq, ok && err == nil
	},
}

// ours is `minirelay run`.
var ours = side{
	name: "minirelay",
	program: func(b *bench, dir, address string, ttys []string) (*exec.Cmd, error) {
		path := filepath.Join(dir, "minirelay.toml")
		if err := os.WriteFile(path, oursConfig(dir, address, ttys), 0o600); err != nil {
			return nil, err
		}
		return exec.Command(b.binary, "run", "-c", path), nil
	},
	state: "minirelay/bench/+/state", result: "minirelay/bench/+/result",
	commandTo: "minirelay/bench/d0/command",
	command: func(seq int64) []byte {
		return fmt.Appendf(nil, `{"id":"c-%d","command":"set","value":%d}`, seq, seq%100)
	},
	answer: func(topic, payload []byte) (int64, bool) {
		_, rest, ok := bytes.Cut(payload, []byte(`"id":"c-`))
		id, _, _ := bytes.Cut(rest, []byte(`"`))
		seq, err := strconv.ParseInt(string(id), 10, 64)
		return seq, ok && err == nil && bytes.HasSuffix(topic, []byte("/result")) && bytes.Contains(payload, []byte(`"status":"done"`))
	},
}

// oursConfig is a config with one board on each tty.
func oursConfig(dir, address string, ttys []string) []byte {
	var c strings.Builder
	fmt.Fprintf(&c, `[gateway]
id       = "bench"
data_dir = %q

[broker]
listen      = %q
max_clients = 4096

[users.%s]
password = %q
role     = "admin"
read     = ["load/#"]
write    = ["load/#"]
`, filepath.Join(dir, "data"), address, benchUser, benchPassword)
	for i, tty := range ttys {
		fmt.Fprintf(&c, `
[ports.p%[1]d]
path = %[2]q
baud = 921600

[devices.d%[1]d]
port  = "p%[1]d"
codec = "json"
offline_after = "10m"

[devices.d%[1]d.fields.n]
type = "number"

[devices.d%[1]d.fields.t]
type     = "number"
decimals = 2

[devices.d%[1]d.commands.set]
type   = "number"
send   = "SET {value} #{seq}\n"
expect = "^OK #{seq}"
`, i, tty)
	}
	return []byte(c.String())
}
