package configs

import (
	"embed"
	"strings"
)

//go:embed samples/*.toml
var samples embed.FS

// Sample is a complete config to start from.
type Sample struct {
	Name    string // without .toml
	Summary string // its first comment
	Chinese string // the same in Chinese, its second comment
	Text    []byte
}

// Samples returns the samples. The annotated reference is among them under the name minirelay.
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
		english, chinese := summary(string(text))
		all = append(all, Sample{Name: strings.TrimSuffix(e.Name(), ".toml"), Summary: english, Chinese: chinese, Text: text})
	}
	return all
}

// summary returns the first two comments of a sample, after the line for the editor.
func summary(text string) (english, chinese string) {
	_, text, _ = strings.Cut(text, "\n")
	first, rest, _ := strings.Cut(text, "\n")
	second, _, _ := strings.Cut(rest, "\n")
	return strings.TrimPrefix(first, "# "), strings.TrimPrefix(second, "# ")
}
