package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A user who may not read the config, or a secret of it, is told so, and nothing is called a fault of the file.
func TestFilesThatThisUserMayNotRead(t *testing.T) {
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "minirelay-permission-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	closed, open, password := filepath.Join(dir, "closed.toml"), filepath.Join(dir, "open.toml"), filepath.Join(dir, "password")
	writeFile(t, closed, "[gateway]\nid = \"home\"\n")
	writeFile(t, open, "[gateway]\nid = \"home\"\n[users.phone]\npassword = { file = \""+password+"\" }\n")
	writeFile(t, password, "three-green-kettles\n")
	for path, mode := range map[string]os.FileMode{dir: 0o755, filepath.Dir(program): 0o755, closed: 0, password: 0, open: 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		config string
		args   []string
		want   []string // on stderr
	}{
		{closed, []string{"ports"}, []string{"warning: " + closed + ": no permission to read it, so it is ignored\n", "hint: run it with sudo"}},
		{closed, []string{"watch", "greenhouse"}, []string{"warning: " + closed + ": no permission to read it, so it is ignored\n"}},
		{closed, []string{"check"}, []string{"error: " + closed + ": no permission to read it\nhint: run it with sudo"}},
		{closed, []string{"address"}, []string{"error: " + closed + ": no permission to read it\n"}},
		{closed, []string{"status"}, []string{"error: " + closed + ": no permission to read it\n"}},
		{open, []string{"check"}, []string{": no permission to read " + password + "\n", "hint: run it with sudo, or as the user of the gateway"}},
		{open, []string{"ports"}, nil},
		{open, []string{"address"}, nil},
	} {
		var problems bytes.Buffer
		cmd := exec.Command(program, test.args...)
		cmd.Env = []string{"MINIRELAY_CONFIG=" + test.config}
		cmd.Dir, cmd.Stderr = dir, &problems
		if os.Getuid() == 0 { // who may read everything
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		_ = cmd.Run()
		for _, want := range test.want {
			if !strings.Contains(problems.String(), want) {
				t.Errorf("%v: no %q in\n%s", test.args, want, problems.String())
			}
		}
		if test.want == nil && problems.Len() > 0 || strings.Contains(problems.String(), "1 fault in "+closed) {
			t.Errorf("%v says\n%s", test.args, problems.String())
		}
	}
}
