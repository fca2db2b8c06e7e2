package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// Chinese text has full-width punctuation: these marks next to a Han character are half-width.
	halfWidth = regexp.MustCompile(`\p{Han}[,;:?!()]|[,;:?!()]\p{Han}`)

	// A space next to a full-width mark is left over from a conversion.
	strayMark = regexp.MustCompile(`[，；：？！（）。、] \p{Han}|\p{Han} [，；：？！（）。、]`)

	// Words that only occur in translations, and the natural ones.
	unnatural = map[string]string{"中枢": "中转服务器", "守卫": "检查", "读回": "回读"}
)

// All Chinese text that this package shows to users has Chinese punctuation and natural words.
func TestChinese(t *testing.T) {
	texts := map[string]string{
		"the config that init writes": string(Start{Gateway: "home", Name: "我的小屋", Admin: "boss", Things: []StartThing{{Port: "uno", Device: "uno"}}}.Text()) +
			string(Start{Gateway: "home"}.Text()),
		"the introduction to the reference": referenceChinese.intro,
	}
	for _, pattern := range []string{
		"profiles/*.toml", "samples/*.toml", "initial.toml", "testdata/reference.zh-CN.toml", "../softboard/*.toml",
		"../docs/reference.zh-CN.md", "../docs/profiles.zh-CN.md",
	} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files (%v)", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts[file] = string(text)
		}
	}
	for name, text := range texts {
		for line := range strings.Lines(text) {
			for _, fault := range chineseFaults(line) {
				t.Errorf("%s: %s in %s", name, fault, strings.TrimSpace(line))
			}
		}
	}
}

// link is the target of a link in Markdown, whose parentheses are part of the syntax.
var link = regexp.MustCompile(`\]\([^)]*\)`)

func chineseFaults(line string) (all []string) {
	line = link.ReplaceAllString(line, "]")
	if found := halfWidth.FindString(line); found != "" {
		all = append(all, "half-width "+found)
	}
	if found := strayMark.FindString(line); found != "" {
		all = append(all, "a stray space, "+found)
	}
	for word, natural := range unnatural {
		if strings.Contains(line, word) {
			all = append(all, word+" instead of "+natural)
		}
	}
	return all
}

// Each rule matches its own example and leaves other text alone.
func TestChineseFaults(t *testing.T) {
	for line, want := range map[string]int{
		"端口(默认 8443)":         1,
		"不写,就是全部":             1,
		"已写完; 不用重启":           1,
		"自建的中枢":               1,
		"先读回，再完成":             1,
		"逐个检查， 然后保存":          1,
		"见[映射](mappings.md)。": 0,
		"写作 {\"t\":21.5,\"p\":0}，每秒一行（115200 bit/s）": 0,
	} {
		if got := chineseFaults(line); len(got) != want {
			t.Errorf("%s: %q, want %d", line, got, want)
		}
	}
}
