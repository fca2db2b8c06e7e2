package configs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A secret near any typing mistake is shown neither by check nor on a screen.
func TestMistypedSecretsStayHidden(t *testing.T) {
	for name, text := range map[string]string{
		"key":                "[users.phone]\npasword = \"HUSH\"",
		"another word":       "[users.phone]\npwd = \"HUSH\"",
		"short":              "[users.phone]\npass = 'HUSH'",
		"Chinese":            "[users.phone]\n密码 = \"HUSH\"",
		"quoted Chinese":     "[users.phone]\n\"密码\" = \"HUSH\"",
		"any key":            "[users.phone]\nmima = \"HUSH\"",
		"any key, commented": "[users.phone]\n# mima = \"HUSH\"\nrole = 5",
		"upper case":         "[users.phone]\nPASSWORD = \"HUSH\"",
		"dashes":             "[users.phone]\npassword-hash = \"HUSH\"",
		"dotted":             "[gateway]\n[users]\nphone.pasword = \"HUSH\"",
		"inline":             "users = { phone = { pasword = \"HUSH\" } }",
		"inline, no end":     "users = { phone = { pasword = \"HUSH\"",
		"list":               "[users.phone]\npasword = [\"a\", \"HUSH\"]",
		"lines":              "[users.phone]\npasword = \"\"\"\nHUSH\n\"\"\"",
		"no closing quote":   "[users.phone]\nmima = \"HUSH\nrole = \"admin\"",
		"no opening quote":   "[users.phone]\nmima = HUSH\"",
		"no quotes":          "[users.phone]\nmima = HUSH",
		"Chinese quotes":     "[users.phone]\npassword = “HUSH”",
		"no equals":          "[users.phone]\nmima \"HUSH\"",
		"colon":              "[users.phone]\npassword: HUSH",
		"colon and comma":    "[users.phone]\n\"password\": \"HUSH\",",
		"alone":              "[users.phone]\npassword\nHUSH",
		"behind the value":   "[users.phone]\nrole = \"admin\" password = \"HUSH\"",
		"two in a line":      "[users.phone]\nrole = \"admin\", mima = \"HUSH\"",
		"twice":              "[users.phone]\npassword = \"HUSH\"\npassword = \"HUSHHUSH\"",
		"no table":           "password = \"HUSH\"",
		"table":              "[user.phone]\nmima = \"HUSH\"",
		"table in Chinese":   "[\"用户\".phone]\npassword = \"HUSH\"",
		"header, no end":     "[users.phone\nmima = \"HUSH\"",
		"table of a table":   "[users.phone.login]\nmima = \"HUSH\"",
		"users in a list":    "[[users]]\nname = \"phone\"\nmima = \"HUSH\"",
		"value is a secret":  "[users]\nphone = \"HUSH\"",
		"upstream":           "[upstream.cloud]\nsecrret = \"HUSH\"",
		"upstream's token":   "[upstream.cloud]\nkey = \"HUSH\"",
		"upstreams":          "[upstreams.cloud]\nmima = \"HUSH\"",
		"upstream's number":  "[upstream.cloud]\npasword = 4711",
		"URL":                "[upstream.cloud]\nurl = \"mqqts://me:HUSH@host\"",
		"URL, no scheme":     "[upstream.cloud]\nurl = \"me:HUSH@host\"",
		"URL with an at":     "[upstream.cloud]\nurl = \"mqtts://me:HU@SH@host\"",
		"URL, no quote":      "[upstream.cloud]\nurl = mqtts://me:HUSH@host",
		"URL, query":         "[upstream.cloud]\nurl = \"wss://host/mqtt?token=HUSH\"",
		"metrics":            "[metrics]\ntokn = \"HUSH\"",
		"metrics elsewhere":  "[metric]\ntoken = \"HUSH\"",
		"token in a port":    "[ports.uno]\naccess_token = \"HUSH\"",
		"API key":            "[devices.x]\napi_key = \"HUSH\"",
		"token, no equals":   "[metrics]\ntoken HUSH",
		"broker":             "[broker]\npassphrase = \"HUSH\"",
		"env":                "[users.phone]\npassword = { evn = \"HUSH\" }",
		"env in quotes":      "[users.phone]\npassword = \"{ env = HUSH }\"",
		"full-width":         "[users.phone]\npassword = ＨHUSH",
		"full-width, key":    "[users.phone]\nmima＝HUSH",
		"comment":            "[users.phone] # password: HUSH",
		"comment, words":     "[users.phone]\n# the old password was HUSH\nrole = 5",
		"comment, Chinese":   "[users.phone]\n# 原来的密码是HUSH\nrole = 5",
		"comment elsewhere":  "[ports.uno]\nbaud = \"9600\" # the token of the cloud: HUSH",
		"comment in a list":  "[users.phone]\nread = [ # PIN HUSH\n]",
		"PEM":                "[broker.tls]\nky_file = \"\"\"\n-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----\n\"\"\"",
		"PEM in one line":    "[broker.tls]\nky_file = \"-----BEGIN RSA PRIVATE KEY-----\\nHUSH\\n-----END RSA PRIVATE KEY-----\"",
		"PEM, no end":        "[devices.x]\nname = \"\"\"-----BEGIN EC PRIVATE KEY-----\nHUSH",
		"PEM, no text":       "[broker.tls]\n-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----",
		"PEM, no head":       "[broker.tls]\nky_file = \"\"\"\nHUSHwggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4\n\"\"\"",
		"user is a token":    "[upstream.cloud]\nurl = \"mqtts://host\"\nuser = \"HUSH\"\nretry = 5",
		"user, no password":  "[upstream.cloud]\nurl = \"mqtts://host\"\nuser = \"HUSH\"\npassword = \"\"\nretry = 5",
		"user in a URL":      "[upstream.cloud]\nurl = \"mqqts://HUSH@host\"",
		"path of a URL":      "[upstream.cloud]\nurl = \"wsss://host:443/mqtt/HUSH\"",
	} {
		t.Run(name, func(t *testing.T) {
			hush := "HUSH"
			if strings.Contains(text, "4711") {
				hush = "4711"
			}
			if strings.Contains(text, "HU@SH") {
				hush = "SH"
			}
			path := filepath.Join(t.TempDir(), "minirelay.toml")
			if err := os.WriteFile(path, []byte("# 家\n"+text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			var faults *Faults
			if !errors.As(err, &faults) {
				t.Fatalf("no fault: %v", err)
			}
			v := ViewOf(path)
			for _, f := range append(append(faults.List, v.Faults...), v.Warnings...) {
				if strings.Contains(f.String(), hush) {
					t.Errorf("\n%s", f)
				}
			}
			if len(v.Files) != 1 || strings.Contains(v.Files[0].Text, hush) {
				t.Errorf("%q", v.Files)
			}
		})
	}
}

// Values that are not secrets stay readable, even next to a secret.
func TestSoundLinesStayReadable(t *testing.T) {
	const text = `# write = everything
[gateway]
id = "home"
[users.phone]   # of the kitchen
password_hash = { env = "PHONE" }
role = "operator"   # may switch = yes
devices = [
  "greenhouse", # the old one
]
[upstream.cloud]
# keepalive = "30s"
url = "mqtts://mqtt.example.org:8883"
password = { file = "/etc/minirelay/cloud" }
send = ["state", "event"]
[port.uno]
path = "/dev/ttyACM0"
[devices.greenhouse]
commands.pump.send = "PUMP {value} #{seq}\n"
`
	if got := censored(newSource("x.toml", []byte(text))); got != text {
		t.Error(got)
	}
}

// Nothing that is shown of a config depends on how long a secret is.
func TestLengthOfSecretsStaysHidden(t *testing.T) {
	shown := func(text, secret string) string {
		path := filepath.Join(t.TempDir(), "minirelay.toml")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "HUSH", secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		_, err := Load(path)
		var faults *Faults
		if errors.As(err, &faults) {
			for _, f := range faults.List {
				b.WriteString(f.String())
			}
		}
		v := ViewOf(path)
		for _, f := range append(v.Faults, v.Warnings...) {
			b.WriteString(f.String())
		}
		return strings.ReplaceAll(b.String()+v.Files[0].Text, path, "FILE")
	}
	for _, text := range []string{
		"[users.phone]\npassword = \"HUSH\"\n",
		"[users.phone]\npasword = 'HUSH' # mine\n",
		"[users.phone]\nmima = HUSH\n",
		"users = { phone = { password = \"HUSH\", rolle = \"admin\", password = \"HUSH\" } }\n",
		"[metrics]\ntokn = \"HUSH\", x\n",
		"[upstream.cloud]\nurl = \"mqqts://me:HUSH@host\"\n",
		"[upstream.cloud]\nurl = \"wss://host/HUSH\" x = 1\n",
		"[ports.uno]\nbuad = 1 # token HUSH\n",
	} {
		if short, long := shown(text, "hunter22"), shown(text, "a-much-longer-one-than-that"); short != long {
			t.Errorf("%s\n%s\nis not\n%s", text, short, long)
		}
	}
}
