package configs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minirelay/broker"
)

const hash1 = "$argon2id$v=19$m=7168,t=5,p=1$aUnhyT1QlYAg9/fSGagJpg$jr6LQIHqGLIm3BIYRledeCGGSBsHJ8HYocEoluTBRj4"

// textOf writes files into a directory and reads them as a config.
func textOf(t *testing.T, files map[string]string) *Text {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Read(dir)
}

// A user is added, changed and taken out, and every other byte of the file stays.
func TestEditUsers(t *testing.T) {
	const head = "# my farm\n[gateway]\nid = \"home\" # do not change\n\n"
	anna := "[users.anna]   # the boss\npassword_hash = \"" + hash1 + "\" # of 2024\nrole = \"admin\"\n"
	const tail = "\n# the shed\n[ports.uno]\npath = \"/dev/ttyS0\"\n"
	add := func(x *Text) (*Edit, error) {
		return x.AddUser(broker.UserConfig{ID: "bob", Role: "operator", Gateways: []string{"home"}, Devices: []string{"a", "b"}}, hash1)
	}
	bob := "[users.bob]\npassword_hash = \"" + hash1 + "\"\nrole          = \"operator\"\ngateways      = [\"home\"]\ndevices       = [\"a\", \"b\"]\n"
	remove := func(x *Text) (*Edit, error) { return x.RemoveUser("anna") }
	change := func(x *Text) (*Edit, error) { return x.SetPassword("anna", "$new") }
	for name, c := range map[string]struct {
		before string
		edit   func(*Text) (*Edit, error)
		after  string
		err    error
	}{
		"add the first":             {head, add, head + "\n" + bob, nil},
		"add behind the others":     {head + anna + tail, add, head + anna + "\n" + bob + tail, nil},
		"add with no line at end":   {head + strings.TrimSuffix(anna, "\n"), add, head + anna + "\n" + bob, nil},
		"add one that is there":     {head + bob, add, "", ErrUserExists},
		"remove":                    {head + anna + tail, remove, strings.TrimSuffix(head, "\n") + tail, nil},
		"remove the last":           {head + bob + "\n" + anna, remove, head + bob, nil},
		"remove keeps the comment":  {head + "# people\n" + anna + "\n" + bob, remove, head + "# people\n" + "\n" + bob, nil},
		"remove one in a line":      {head + "[users]\nanna = { password = \"x\", role = \"admin\" } # x\nbob.role = \"viewer\"\n", remove, head + "[users]\nbob.role = \"viewer\"\n", nil},
		"remove dotted":             {head + "[users]\nanna.role = \"admin\"\nbob.role = \"viewer\"\nanna.password = \"x\"\n", remove, head + "[users]\nbob.role = \"viewer\"\n", nil},
		"remove nobody":             {head + bob, remove, "", ErrNoUser},
		"remove from a whole":       {"users = { anna = { password = \"x\" } }\n", remove, "", ErrByHand},
		"password":                  {head + anna + tail, change, head + strings.Replace(anna, hash1, "$new", 1) + tail, nil},
		"password that was plain":   {head + "[users.anna]\npassword = 'x' # y\n", change, head + "[users.anna]\npassword_hash = \"$new\" # y\n", nil},
		"password in another file":  {head + "[users.anna]\npassword = { file = \"x\" }\n", change, "", ErrByHand},
		"password in a whole":       {head + "[users]\nanna = { password = \"x\" }\n", change, "", ErrByHand},
		"password of nobody":        {head + bob, change, "", ErrNoUser},
		"lists over several lines":  {head + "[users.anna]\ndevices = [\n  \"a\", # [users.x]\n]\npassword = \"\"\"x\n[users.anna]\"\"\"\n" + tail, remove, strings.TrimSuffix(head, "\n") + tail, nil},
		"lines that end in CR LF":   {strings.ReplaceAll(head+anna, "\n", "\r\n"), add, strings.ReplaceAll(head+anna+"\n"+bob, "\n", "\r\n"), nil},
		"quoted keys of other keys": {head + "[\"users\".\"anna\"]\n\"password\" = \"x\"\n", change, head + "[\"users\".\"anna\"]\npassword_hash = \"$new\"\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := c.edit(textOf(t, map[string]string{"a.toml": c.before}))
			if !errors.Is(err, c.err) || err != nil && c.err == nil {
				t.Fatal(err)
			}
			if err == nil && string(e.Text) != c.after {
				t.Errorf("got\n%s\nwant\n%s", e.Text, c.after)
			}
		})
	}
}

// In a directory the change goes to the file that has the users, and the whole is checked.
func TestEditADirectory(t *testing.T) {
	x := textOf(t, map[string]string{"1.toml": "[gateway]\nid = \"home\"\n", "2.toml": "[users.anna]\npassword_hash = \"" + hash1 + "\"\nrole = \"admin\"\n", "3.toml": "# nothing\n"})
	e, err := x.AddUser(broker.UserConfig{ID: "bob", Role: "viewer"}, hash1)
	if err != nil || filepath.Base(e.File) != "2.toml" {
		t.Fatalf("%+v %v", e, err)
	}
	config, err := e.Load()
	if err != nil || len(config.Broker.Users) != 2 || config.Broker.Users[1].ID != "bob" {
		t.Errorf("%v", err)
	}
	if e, err = x.AddUser(broker.UserConfig{ID: "bob", Role: "king"}, hash1); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Load(); err == nil {
		t.Error("a wrong role passes")
	}
}
