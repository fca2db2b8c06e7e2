package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// spoken reads locale/zh.toml: the English sentences of the program, and the Chinese ones. {} is in the place of values.
func spoken(t *testing.T) (english, chinese []string) {
	text, err := os.ReadFile("../../locale/zh.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^("(?:[^"\\]|\\.)*") = ("(?:[^"\\]|\\.)*")$`).FindAllStringSubmatch(string(text), -1) {
		e, _ := strconv.Unquote(m[1])
		c, _ := strconv.Unquote(m[2])
		english, chinese = append(english, e), append(chinese, c)
	}
	if len(english) < 100 {
		t.Fatalf("only %d sentences", len(english))
	}
	return english, chinese
}

var (
	shellOutput = regexp.MustCompile("(?s)```\n(\\$ .*?)```")
	anyValue    = regexp.MustCompile(`\{\d*、?\}`)
)

// The pages in Chinese show what the program prints at a terminal in Chinese.
func TestSessionsInTheDocs(t *testing.T) {
	var parts []string // of English sentences, long enough to be found by
	english, _ := spoken(t)
	for _, s := range english {
		for _, part := range anyValue.Split(s, -1) {
			if part = strings.Trim(part, " .:;,"); len(part) >= 12 && strings.Contains(part, " ") && !strings.Contains(part, "minirelay") {
				parts = append(parts, part)
			}
		}
	}
	found := map[bool]int{}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		inChinese := strings.HasSuffix(page, ".zh-CN.md")
		for _, m := range shellOutput.FindAllStringSubmatch(string(text), -1) {
			found[inChinese]++
			if han := regexp.MustCompile(`\p{Han}.*`).FindString(m[1]); han != "" && !inChinese {
				t.Errorf("%s shows %q", page, han)
			}
			for _, part := range parts {
				if inChinese && strings.Contains(m[1], part) {
					t.Errorf("%s shows %q, which the program says in Chinese", page, part)
				}
			}
		}
	}
	if found[true] < 5 || found[false] < 5 {
		t.Errorf("sessions: %v", found)
	}
}

// The page of symptoms quotes what the program prints: its sentences, its log, and the words of the screens.
func TestQuotesInTheDocs(t *testing.T) {
	english, chinese := spoken(t)
	said := strings.Join(append(english, chinese...), "\n")
	for _, pattern := range []string{"../../*/*.go", "../../miniprogram/src/minirelay/explain.ts", "../../miniprogram/src/i18n/*.ts"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			said += string(text)
		}
	}
	for page, quoted := range map[string]*regexp.Regexp{
		"docs/troubleshooting.md":       regexp.MustCompile(`"([^"]+)"`),
		"docs/troubleshooting.zh-CN.md": regexp.MustCompile(`“([^”]+)”|（([a-z][a-z ]+)）`),
	} {
		text, err := os.ReadFile("../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		quotes := quoted.FindAllStringSubmatch(string(text), -1)
		for _, m := range quotes {
			for _, part := range strings.Split(strings.Join(m[1:], ""), "…") {
				if part = strings.TrimSpace(part); part != "" && part != "—" && !strings.Contains(said, part) {
					t.Errorf("%s quotes %q, which nothing prints", page, part)
				}
			}
		}
		if len(quotes) < 7 {
			t.Errorf("%s: only %d quotes", page, len(quotes))
		}
	}
}
