package configs

import (
	"embed"
	"strings"
)

//go:embed samples/*.toml
var samples embed.FS

// Sample is a complete config to begin with.
type Sample struct {
	Name    string // without .toml
	Summary string // its first sentence
	Text    []byte
}

// Samples gives the samples, the annotated reference among them under the name minirelay.
func Samples() []Sample {
	entries, err := samples.ReadDir("samples")
	if err != nil {
		panic(err) // they are part of the program
	}
	var all []Sample
	for _, e := range entries {
		text, err := samples.ReadFile("samples/" + e.Name())
		if err != nil {
			panic(err)
		}
		all = append(all, Sample{Name: strings.TrimSuffix(e.Name(), ".toml"), Summary: summary(string(text)), Text: text})
	}
	return all
}

// summary is the first comment of a sample, which its editor's line comes before.
func summary(text string) string {
	for line := range strings.Lines(text) {
		if words, ok := strings.CutPrefix(line, "# "); ok {
			return strings.TrimSpace(words)
		}
	}
	return ""
}
