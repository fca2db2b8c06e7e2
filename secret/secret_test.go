package secret

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A secret is never printed, alone or in a struct.
func TestHidden(t *testing.T) {
	type config struct {
		User     string
		Password Text
	}
	c := config{"me", New("hunter2")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{c, &c, c.Password, &c.Password, []Text{c.Password}} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s: %s", verb, got)
			}
		}
	}
	if got, err := json.Marshal(c); err != nil || strings.Contains(string(got), "hunter2") {
		t.Errorf("%s (%v)", got, err)
	}
	if got := fmt.Sprint(Text{}); got != "" {
		t.Errorf("no secret is %q", got)
	}
}

func TestUnmarshalTOML(t *testing.T) {
	dir := t.TempDir()
	file, empty := filepath.Join(dir, "file"), filepath.Join(dir, "empty")
	for path, text := range map[string]string{file: "from a file\r\n", empty: "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SECRET_TEST", "from the environment")
	for _, test := range []struct {
		from        any
		want, fault string
		plain       bool
	}{
		{"text", "text", "", true},
		{map[string]any{"env": "SECRET_TEST"}, "from the environment", "", false},
		{map[string]any{"file": file}, "from a file", "", false},
		{map[string]any{"env": "SECRET_TEST_NONE"}, "", "the environment variable SECRET_TEST_NONE is not set", false},
		{map[string]any{"file": empty}, "", empty + " is empty", false},
		{map[string]any{"file": dir}, "", "read " + dir, false},
		{map[string]any{"env": "A", "file": "b"}, "", "a secret is", false},
		{7, "", "a secret is", false},
	} {
		var s Text
		err := s.UnmarshalTOML(test.from)
		if s.Value() != test.want || s.Plain() != test.plain || (err == nil) != (test.fault == "") || err != nil && !strings.HasPrefix(err.Error(), test.fault) {
			t.Errorf("%v: %q, plain %v, %v", test.from, s.Value(), s.Plain(), err)
		}
	}
	var plain Text
	if err := plain.UnmarshalTOML("same"); err != nil || !plain.Equal(New("same")) || plain.Equal(New("other")) {
		t.Error("where a secret comes from makes it another one")
	}
}
