package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"minirelay/configs"
)

// pages are what people read first, and everything in docs.
var pages = allPages()

func allPages() []string {
	all := []string{"README.md", "README.zh-CN.md"}
	inDocs, _ := filepath.Glob("../../docs/*.md") // the pattern is a good one
	for _, page := range inDocs {
		all = append(all, filepath.Join("docs", filepath.Base(page)))
	}
	return all
}

var tomlBlock = regexp.MustCompile("(?s)```toml\n(.*?)```")

// What the pages show as TOML loads: the blocks of a page, one after the other, are one config, completed by
// what a page about mappings need not repeat.
func TestTOMLInTheDocs(t *testing.T) {
	t.Setenv("PHONE_PASSWORD", "secret")
	t.Setenv("CLOUD_PASSWORD", "secret")
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		var config string
		for _, block := range tomlBlock.FindAllStringSubmatch(string(text), -1) {
			config += block[1]
		}
		if config == "" {
			if strings.Contains(page, "mappings") || strings.Contains(page, "README") {
				t.Errorf("%s shows no TOML", page)
			}
			continue
		}
		if !strings.Contains(config, "[gateway]") {
			config = "[gateway]\nid = \"home\"\n" + config
		}
		path := filepath.Join(t.TempDir(), "minirelay.toml")
		writeFile(t, path, config)
		if _, err := configs.Load(path); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

// Links within the repository lead somewhere.
func TestLinksInTheDocs(t *testing.T) {
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s", page, m[1])
			}
		}
	}
}

var named = regexp.MustCompile("minirelay ([a-z]+)")

// The subcommands and make targets that the pages name exist.
func TestCommandsInTheDocs(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"help": true}
	for _, c := range commands() {
		known[c.name] = true
	}
	code := regexp.MustCompile("(?s)`[^`\n]+`|```sh.*?```")
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, snippet := range code.FindAllString(string(text), -1) {
			for _, m := range named.FindAllStringSubmatch(snippet, -1) {
				if !known[m[1]] {
					t.Errorf("%s names minirelay %s", page, m[1])
				}
			}
			for _, m := range regexp.MustCompile(`make ([a-z-]+)`).FindAllStringSubmatch(snippet, -1) {
				if !strings.Contains(string(makefile), "\n"+m[1]+":") {
					t.Errorf("%s names make %s", page, m[1])
				}
			}
		}
	}
}

var manCommand = regexp.MustCompile(`(?m)^\.TP\n\.B ([a-z]+)`)

// The man page lists the commands that there are, and no others, in their order.
func TestManPageInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../deploy/minirelay.1")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), ".SH COMMANDS")
	section, _, _ = strings.Cut(section, ".SH FILES")
	var told, there []string
	for _, m := range manCommand.FindAllStringSubmatch(section, -1) {
		told = append(told, m[1])
	}
	for _, c := range commands() {
		there = append(there, c.name)
	}
	if !slices.Equal(told, there) {
		t.Errorf("the man page tells of %v, there are %v", told, there)
	}
}
