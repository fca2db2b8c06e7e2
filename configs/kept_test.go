package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minirelay/broker"
)

const keptConfig = `# password = "in-a-comment"
[gateway]
id = "home"

[metrics]
token = "metrics-token-of-16"

[users.plain]
password = "plain-secret"   # to be changed
[users.file]
password = { file = "FILE" }
[users.env]
"password" = { env = "KEPT_TEST" }
[users.hash]
password_hash = "HASH"

[upstream.cloud]
url = "wss://broker.example:8443/mqtt?token=url-token-1"
user = "home"
password = "upstream-secret"
[upstream.other]
url = "mqtts://other.example:8883"
user = "home"
password = { file = "FILE" }

[ports.uno]
path = "/dev/ttyUSB0"
[devices.shed]
port = "uno"
codec = "json"
[devices.shed.fields.t]
type = "number"
`

// A config is kept with the places of its secrets, and without the secrets themselves. It is the same config again as long as
// the secrets are where they were.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	file, path := filepath.Join(dir, "secret"), filepath.Join(dir, "minirelay.toml")
	hash, err := broker.HashPassword("hashed-secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("KEPT_TEST", "env-secret")
	text := strings.ReplaceAll(strings.ReplaceAll(keptConfig, "FILE", file), "HASH", hash)
	for name, data := range map[string]string{file: "file-secret", path: text} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := Read(path)
	kept, err := now.Keep(nil)
	if err != nil {
		_, fault := now.Load()
		t.Fatal(err, fault.(*Faults).List)
	}
	data, err := kept.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"in-a-comment", "metrics-token-of-16", "plain-secret", "upstream-secret", "url-token-1", "file-secret", "env-secret", "hashed-secret"} {
		if strings.Contains(string(data), s) {
			t.Errorf("%s was kept", s)
		}
	}
	for _, s := range []string{"{ env = \\\"KEPT_TEST\\\" }", file, hash, "# to be changed"} {
		if !strings.Contains(string(data), s) {
			t.Errorf("%s was not kept", s)
		}
	}
	if again, err := now.Keep(kept); err != nil || !again.Same(kept) {
		t.Errorf("it is kept otherwise a second time: %v", err)
	}
	if kept, err = DecodeKept(data); err != nil {
		t.Fatal(err)
	}

	broken := strings.Replace(text, "[ports.uno]", "[ports.uno", 1)
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	restored, lost := kept.Text(Read(path))
	config, err := restored.Load()
	if err != nil || len(lost) > 0 {
		t.Fatalf("%v; lost %q", err, lost)
	}
	if got := config.Metrics.Token.Value(); got != "metrics-token-of-16" {
		t.Errorf("the token is %q", got)
	}
	users := config.Broker.Users
	if !broker.IsPassword(users[0].PasswordHash.Value(), "plain-secret") || users[1].Password.Value() != "file-secret" ||
		users[2].Password.Value() != "env-secret" || users[3].PasswordHash.Value() != hash {
		t.Error("the users have other passwords")
	}
	if u := config.Upstreams[0]; u.Password.Value() != "upstream-secret" || !strings.HasSuffix(u.URL, "token=url-token-1") {
		t.Errorf("the upstream is %s with %q", u.URL, u.Password.Value())
	}

	if err := os.Truncate(path, 0); err != nil { // as after a power cut
		t.Fatal(err)
	}
	restored, lost = kept.Text(Read(path))
	config, err = restored.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lost, " "); got != "metrics.token upstream.cloud.url upstream.cloud.password" {
		t.Errorf("lost %s", got)
	}
	if got := config.Metrics.Token.Value(); len(got) < 16 || got == "(secret)" {
		t.Errorf("the token is %q", got)
	}
	for _, at := range []int{0, 70, len(data) - 2} {
		damaged := append([]byte(nil), data...)
		damaged[at] ^= 1
		if _, err := DecodeKept(damaged); err == nil {
			t.Errorf("damage at %d is not noticed", at)
		}
	}
}
