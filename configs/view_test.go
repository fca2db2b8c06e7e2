package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The config on a screen is complete except for its secrets: they are hidden wherever TOML allows them, also in broken
// files and in commented-out lines.
func TestViewHidesSecrets(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"plain":     {`password = "HUSH"   # mine`, `password = "(secret)"   # mine`},
		"hash":      {`password_hash = "HUSH"`, `password_hash = "(secret)"`},
		"literal":   {`password = 'HUSH'`, `password = "(secret)"`},
		"lines":     {"password = \"\"\"\nHU\"SH\nHUSH\"\"\"\nrole = \"admin\"", "password = \"(secret)\"\nrole = \"admin\""},
		"env":       {`password = { env = "NAME" } # HUSHED nowhere`, `password = { env = "NAME" } # HUSHED nowhere`},
		"dotted":    {`password.env = "NAME"`, `password.env = "NAME"`},
		"odd table": {`password = { evn = "HUSH" }`, `password = "(secret)"`},
		"header":    {"[users.phone.password]\nfiel = \"HUSH\"", "[users.phone.password]\nfiel = \"(secret)\""},
		"number":    {`password = 123456`, `password = "(secret)"`},
		"quoted":    {`"password" = "HUSH"`, `"password" = "(secret)"`},
		"escaped":   {`"p\u0061ssword" = "HUSH"`, `"p\u0061ssword" = "(secret)"`},
		"mistyped":  {`pwd = "HUSH"`, `pwd = "(secret)"`},
		"comment":   {`# password = "HUSH"`, `# password = "(secret)"`},
		"unclosed":  {"password = \"HUSH\nrole = \"admin\"", "password = \"(secret)\"\nrole = \"admin\""},
		"no end":    {"password = \"\"\"HUSH\nHUSH", "password = \"(secret)\""},
		"no value":  {"password =\nrole = \"admin\"", "password =\nrole = \"admin\""},
		"no sense":  {`password = { "HUSH" }`, `password = "(secret)"`},
		"bare":      {"password = HUSH\r\nrole = \"admin\"", "password = \"(secret)\"\r\nrole = \"admin\""},
		"URL":       {`read = ["mqtts://me:HUSH@host/"]`, `read = ["mqtts://me:(secret)@host/"]`},
	} {
		t.Run(name, func(t *testing.T) {
			const head = "# 家\n[gateway]\nid = \"home\" # mine\n[users.phone]\n"
			path := filepath.Join(t.TempDir(), "minirelay.toml")
			if err := os.WriteFile(path, []byte(head+test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			v := ViewOf(path)
			if len(v.Files) != 1 || v.Files[0].Name != path || v.Files[0].Text != head+test.want {
				t.Errorf("%q", v.Files)
			}
			for _, f := range append(v.Faults, v.Warnings...) {
				if strings.Contains(f.What+f.Try, "HUSH") {
					t.Errorf("%s; %s", f.What, f.Try)
				}
			}
		})
	}
}

// An inline user keeps its other keys; a user in one file is not a secret in another.
func TestViewOfDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"1.toml": "gateway.id = \"home\"\n",
		"2.toml": "users = { phone = { password = \"HUSH\", role = \"admin\" } }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := ViewOf(dir)
	if len(v.Files) != 2 || v.Files[0].Text != "gateway.id = \"home\"\n" ||
		v.Files[1].Text != "users = { phone = { password = \"(secret)\", role = \"admin\" } }\n" {
		t.Errorf("%q", v.Files)
	}
	if len(v.Faults) != 0 || len(v.Warnings) == 0 {
		t.Errorf("%v %v", v.Faults, v.Warnings)
	}
	if v := ViewOf(filepath.Join(dir, "none.toml")); len(v.Files) != 0 || len(v.Faults) != 1 {
		t.Errorf("%v", v)
	}
}

// In any file, the text after password = is hidden.
func FuzzView(f *testing.F) {
	for _, seed := range []string{"", "a", "{", "[x]\n", "\"", "\"\"\"", "'''", "x = {", "[users.x]\n", "users = { x = {", "\n\n[", "#"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.Contains(before+after, "HUSH") {
			t.Skip()
		}
		s, fault := decodeText("x.toml", []byte(before+"\npassword = \"HUSH\"\n"+after))
		if fault == nil && strings.Contains(censored(s), "HUSH") {
			t.Errorf("%q", censored(s))
		}
	})
}

// Every secret of a config is hidden, including those of other packages.
func TestViewHidesEverySecret(t *testing.T) {
	found := 0
	var walk func(keys []key, table string)
	walk = func(keys []key, table string) {
		for _, k := range keys {
			switch k.form {
			case formSecret:
				found++
				text := "[" + table + "]\n\"" + k.name + "\" = 'HUSH'\n"
				if got := censored(newSource("x.toml", []byte(text))); strings.Contains(got, "HUSH") {
					t.Errorf("%s", got)
				}
			case formTable:
				walk(k.keys, join(table, k.name))
			case formByID:
				walk(k.keys, join(table, k.name)+".some")
			}
		}
	}
	walk(documentShape().keys, "")
	if found < 2 {
		t.Errorf("there are %d secrets", found)
	}
}
