package configs

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"minirelay/softboard"
)

// The example sketch does what its profiles say, with and without its checksum: it is compiled for this machine, runs
// on a pseudo-terminal, and really switches its pins.
func TestSketch(t *testing.T) {
	for name, flags := range map[string][]string{"arduino-greenhouse": nil, "arduino-greenhouse-crc": {"-DCHECKSUM"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { line.Close() })
			runSketch(t, line, "../examples/arduino/greenhouse/greenhouse.ino", flags...)
			profile, err := FindProfile(name)
			if err != nil {
				t.Fatal(err)
			}
			g := startProfileGateway(t, profileConfig(t, profile, line.Path()))
			itself := &scripted{line: line, acts: []*act{{}}} // the sketch sends by itself
			for _, step := range []struct {
				command, value string
				shows          map[string]string
			}{
				{"", "", map[string]string{"temperature": "21.5", "humidity": "40", "fan": "0", "pump": "false"}},
				{"pump", "true", map[string]string{"pump": "true", "humidity": "60"}}, // its pin is high
				{"fan", "100", map[string]string{"fan": "100", "temperature": "20"}},  // its pin has full duty
				{"pump", "false", map[string]string{"pump": "false", "humidity": "40", "fan": "100"}},
			} {
				if step.command != "" {
					g.command(t, &act{command: step.command, value: step.value, status: "done"})
				}
				shows := map[string]json.RawMessage{}
				for id, value := range step.shows {
					shows[id] = json.RawMessage(value)
				}
				g.await(t, itself, shows)
			}
		})
	}
}

// runSketch compiles a sketch and runs it on a line until the test ends. Warnings are errors.
func runSketch(t *testing.T, line *softboard.Line, sketch string, flags ...string) {
	t.Helper()
	sketch, err := filepath.Abs(sketch)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "sketch")
	args := append([]string{"-Wall", "-Wextra", "-Werror", `-DSKETCH="` + sketch + `"`, "-o", program, "testdata/sketch/main.cpp"}, flags...)
	if out, err := exec.Command("g++", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v (e2e/install installs a C++ compiler)\n%s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Stdin, cmd.Stdout, cmd.WaitDelay = line, line, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		line.Close()
		_ = cmd.Wait()
	})
}
