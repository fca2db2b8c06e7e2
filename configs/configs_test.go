package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sound is a config without faults and warnings. Tests add to it.
const sound = `[gateway]
id = "home"

[users.phone]
password_hash = "$argon2id$v=19$m=7168,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"
role = "operator"

[ports.uno]
path = "/dev/ttyACM0"

[devices.greenhouse]
port = "uno"
codec = "json"

[devices.greenhouse.fields.temperature]
key = "t"
type = "number"

[devices.greenhouse.fields.pump]
type = "bool"

[devices.greenhouse.commands.pump]
type = "bool"
send = "PUMP {value} #{seq}\n"
confirm = "pump"
`

// write puts files into a new directory and returns its path.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loadText loads one file with the given text.
func loadText(t *testing.T, text string) (*Config, error) {
	t.Helper()
	return Load(filepath.Join(write(t, map[string]string{"x.toml": text}), "x.toml"))
}

// told formats faults for comparison: one line each, "12:8: what | try", without the directory.
func told(faults []Fault) string {
	var b strings.Builder
	for _, f := range faults {
		position := strings.TrimPrefix(strings.TrimPrefix(f.Position(), f.File), ":")
		b.WriteString(strings.ReplaceAll(position+": "+f.What+" | "+f.Try+"\n", filepath.Dir(f.File)+"/", ""))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// faultsOf returns the faults in err, which must come from this package.
func faultsOf(t *testing.T, err error) []Fault {
	t.Helper()
	if err == nil {
		return nil
	}
	faults, ok := err.(*Faults)
	if !ok || len(faults.List) == 0 {
		t.Fatalf("the error is not a list of faults: %v", err)
	}
	return faults.List
}

// codecWords lists the codecs in the same form as a fault.
func codecWords() string {
	device, _ := documentShape().key("devices")
	codec, _ := (&shape{keys: device.keys}).key("codec")
	return strings.Join(codec.oneof, ", ")
}
