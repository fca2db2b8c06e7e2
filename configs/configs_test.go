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

// write puts files into a directory of their own and gives its path.
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

// told puts faults into a form that is easy to compare: "12:8: what | try" a line, with the directory taken out.
func told(faults []Fault) string {
	var b strings.Builder
	for _, f := range faults {
		position := strings.TrimPrefix(strings.TrimPrefix(f.Position(), f.File), ":")
		b.WriteString(strings.ReplaceAll(position+": "+f.What+" | "+f.Try+"\n", filepath.Dir(f.File)+"/", ""))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// faultsOf gives the faults in err, which must be of this package.
func faultsOf(t *testing.T, err error) []Fault {
	t.Helper()
	if err == nil {
		return nil
	}
	faults, ok := err.(*Faults)
	if !ok || len(faults.List) == 0 {
		t.Fatalf("the error is no list of faults: %v", err)
	}
	return faults.List
}

// codecWords lists the codecs as faults do.
func codecWords() string {
	device, _ := documentShape().key("devices")
	codec, _ := (&shape{keys: device.keys}).key("codec")
	return strings.Join(codec.oneof, ", ")
}
