// Package secret holds texts that must not be shown: passwords, hashes and tokens of a configuration. Most callers need
// [Text.Value]; [New] makes one without a file.
//
// A [Text] hides itself from every verb of package fmt, and so from logs. Deliberately absent: a place to store
// secrets, and protection from a reader of the process's memory.
package secret

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Text is a text from the configuration file, an environment variable or a file of its own. It is resolved when the
// configuration is read, and never printed.
type Text struct {
	value string
	plain bool // it stood in the configuration file itself
}

// New returns a Text with value, as if it had come from a file of its own.
func New(value string) Text { return Text{value: value} }

// Value is the secret text; "" if there is none.
func (t Text) Value() string { return t.value }

// Plain reports whether the secret is in the configuration file, where every reader of that file sees it.
func (t Text) Plain() bool { return t.plain }

// Equal reports whether both are the same text, wherever they came from.
func (t Text) Equal(other Text) bool { return t.value == other.value }

// String hides the secret from logs.
func (t Text) String() string {
	if t.value == "" {
		return ""
	}
	return "(secret)"
}

// GoString hides it from %#v too.
func (t Text) GoString() string { return t.String() }

// UnmarshalTOML takes "text", { env = "NAME" } or { file = "path" }. Trailing line ends of a file are dropped.
func (t *Text) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*t = Text{value: v, plain: true}
		return nil
	case map[string]any:
		if len(v) == 1 {
			if name, ok := v["env"].(string); ok {
				return t.resolve(os.Getenv(name), "the environment variable "+name+" is not set")
			}
			if path, ok := v["file"].(string); ok {
				data, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				return t.resolve(strings.TrimRight(string(data), "\r\n"), path+" is empty")
			}
		}
	}
	return errors.New(`a secret is "text", { env = "NAME" } or { file = "path" }`)
}

// resolve reads a value from elsewhere, or returns the reason why there is none.
func (t *Text) resolve(value, empty string) error {
	if value == "" {
		return errors.New(empty)
	}
	*t = New(value)
	return nil
}

// Format hides the secret from every verb, also as a part of a struct.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }
