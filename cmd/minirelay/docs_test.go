package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"minirelay/configs"
)

// pages are the documents for users.
var pages = allPages()

func allPages() (all []string) {
	for _, where := range []string{"*.md", "docs/*.md", "deploy/*/*.md", "examples/*.md", "miniprogram/src/minirelay/*.md"} {
		found, _ := filepath.Glob(filepath.Join("../..", where)) // the pattern is valid
		for _, page := range found {
			page, _ = filepath.Rel("../..", page)
			all = append(all, page)
		}
	}
	return all
}

var tomlBlock = regexp.MustCompile("(?s)```toml\n(.*?)```")

// The TOML on the pages can be loaded: the blocks of a page form one config, together with the parts that pages about
// mappings leave out.
func TestTOMLInTheDocs(t *testing.T) {
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
			if strings.Contains(page, "mappings") || filepath.Dir(page) == "." && strings.HasPrefix(page, "README") {
				t.Errorf("%s shows no TOML", page)
			}
			continue
		}
		if !strings.Contains(config, "[gateway]") {
			config = "[gateway]\nid = \"home\"\n" + config
		}
		path := filepath.Join(t.TempDir(), "minirelay.toml")
		writeFile(t, path, config)
		if _, err := configs.LoadElsewhere(path); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
}

// link matches a link or a picture, each with its own group.
var link = regexp.MustCompile(`\]\(([^):]+)\)|src="([^":]+)"`)

// Links and pictures within the repository have a target, and links to a heading have that heading.
func TestLinksInTheDocs(t *testing.T) {
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			file, heading, _ := strings.Cut(m[1]+m[2], "#")
			target := filepath.Join("../..", page)
			if file != "" {
				target = filepath.Join("../..", filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s", page, m[1]+m[2])
			} else if heading != "" && !slices.Contains(headings(t, target), heading) {
				t.Errorf("%s links to %s, where there is no such heading", page, m[1]+m[2])
			}
		}
	}
}

var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// headings returns the anchors of a page's headings: lower case, words joined, no punctuation.
func headings(t *testing.T, page string) (all []string) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return all
}

var (
	snippet = regexp.MustCompile("(?s)`[^`\n]+`|```sh.*?```")
	named   = regexp.MustCompile("minirelay ([a-z]+)([^\n`|;&>]*)")
	flagged = regexp.MustCompile(`(?:^| )\[?--?([a-z][a-z-]*)`)
	target  = regexp.MustCompile(`make ([a-z-]+)`)
)

// The subcommands, flags and make targets on the pages exist.
func TestCommandsInTheDocs(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{"help": nil}
	for _, c := range commands() {
		known[c.name] = flagsOf(t, c.name)
	}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range snippet.FindAllString(string(text), -1) {
			for _, m := range named.FindAllStringSubmatch(code, -1) {
				flags, ok := known[m[1]]
				if !ok {
					t.Errorf("%s names minirelay %s", page, m[1])
				}
				for _, f := range flagged.FindAllStringSubmatch(m[2], -1) {
					if !slices.Contains(flags, f[1]) {
						t.Errorf("%s names minirelay %s -%s; there are %v", page, m[1], f[1], flags)
					}
				}
			}
			for _, m := range target.FindAllStringSubmatch(code, -1) {
				if !strings.Contains(string(makefile), "\n"+m[1]+":") {
					t.Errorf("%s names make %s", page, m[1])
				}
			}
		}
	}
}

var helpedFlag = regexp.MustCompile(`(?m)^  -([a-z][a-z-]*)`)

// flagsOf returns the flags of a subcommand, as listed by its help.
func flagsOf(t *testing.T, name string) (all []string) {
	args := []string{name, "-h"}
	if name == "user" {
		args = []string{name, "hash", "-h"}
	}
	var out bytes.Buffer
	if status := Main(args, strings.NewReader(""), &out, &out); status != exitOK {
		t.Errorf("minirelay %v exits with %d", args, status)
	}
	for _, m := range helpedFlag.FindAllStringSubmatch(out.String(), -1) {
		all = append(all, m[1])
	}
	return append(all, "h")
}

var manCommand = regexp.MustCompile(`(?m)^\.TP\n\.B ([a-z]+)`)

// The man page lists exactly the existing commands, in their order.
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
		t.Errorf("the man page lists %v, but the commands are %v", told, there)
	}
}
