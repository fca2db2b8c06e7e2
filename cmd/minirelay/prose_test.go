package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A word is one that the pages avoid, with its replacement.
type word struct {
	not    string // a regular expression
	except string // a regular expression too: matches that are fine
	plain  string
	like   string // a text that not matches
}

var englishWords = []word{
	{`(?i)\b(tells?|telling|told)\b`, ``, "say, report, show or print", "The log tells why."},
	{`(?i)\banew\b`, ``, "again, or restart", "It is started anew."},
	{`(?i)\b(in|for) so long\b`, ``, "at most one state per interval; within", "One state in so long."},
	{`(?i)\bmend(s|ed|ing)?\b`, ``, "fix", "Mend them."},
	{`(?i)\bof that name\b`, ``, "unknown", "There is nothing of that name."},
	{`(?i)\b\w+ (is|are|was|were) no \w+`, `(?i)^there |^which |no (longer|more|less|fewer)$`, "is not a", "The user is no admin."},
	{`(?i)\bsick\b`, ``, "failing", "A sick device."},
	{`(?i)\bnothing good\b|\bgood (frame|reading)s?\b`, ``, "valid frame, valid reading", "Once nothing good has come."},
	{`(?i)\bstands? beside\b|\bwhat stands\b`, ``, "is, or overrides", "What stands beside it wins."},
	{`(?i)\bbelongs? into\b`, ``, "belong in", "Cut-outs belong into hardware."},
	{`(?i)\b(he|him|his|himself)\b`, ``, "they, their", "Each gets the result of his own."},
	{`(?i)\bstruck out\b`, ``, "redacted", "Passwords are struck out."},
	{`(?i)\bvouch(es)?\b`, ``, "self-signed, or signed by no authority", "Nobody vouches for it."},
	{`(?i)\b(become|becomes|became) of\b`, ``, "the result of", "What became of a command."},
	{`(?i)\bwithout a word\b`, ``, "silently", "It dies without a word."},
	{`(?i)\bhangs? on\b`, ``, "is connected to", "What hangs on it."},
	{`(?i)\bweakness(es)?\b`, ``, "vulnerability", "Report a weakness."},
	{`(?i)\bwhoever\b`, ``, "anybody who", "Whoever has root can do everything."},
	{`(?i)\bdoes the gateway live\b`, ``, "is the gateway running?", "Does the gateway live?"},
	{`(?i)\bas in \S+`, `(?i)^as in (the|a|an)$`, "for example, such as", "Write a path, as in /dev/ttyUSB0."},
	{`(?i)\b(do|does) not take\b`, ``, "accept", "The broker does not take this client id."},
	{`(?i)\bis there already\b`, ``, "already exists", "The file is there already."},
	// A clause is not a subject. Headings may begin with one, since they are not sentences.
	{`(^|[.!?:]¤?\s)(Who|What)\b[^.!?]*([.!]|$)`, ``, "a noun as the subject", "It is safe. What is allowed is\n done."},
}

var chineseWords = []word{
	{`[\p{Han}，。；：？！（）、“”…—]¤?[,;:?!()]|[,;:?!()]¤?[\p{Han}，。；：？！（）、“”…—]`, ``, "full-width punctuation", "网关,手机"},
	{`[，。；：？！、][ \t]+\S`, ``, "no space after full-width punctuation", "网关， 手机"},
	{`中枢`, ``, "自建中转服务器（hub）", "自己的中枢"},
	{`守卫`, ``, "先检查用户是否有权控制", "守卫先问"},
	{`拖累|邻居`, ``, "不会影响其他设备", "绝不拖累邻居"},
	{`读回`, ``, "回读", "字段已读回"},
	{`板子`, ``, "开发板、设备", "一块板子"},
	{`打扰`, ``, "不受影响", "不受打扰"},
	{`无声中|改坏`, ``, "悄悄生效", "不会在无声中被改坏"},
	{`永远不会是`, ``, "不做什么", "它永远不会是什么"},
	{`照看`, ``, "开机自启、异常自动恢复", "自己照看自己"},
	{`才上线`, ``, "才发出第一个字节", "第一个字节才上线"},
	{`指挥`, ``, "控制", "能不能指挥这台设备"},
	{`沉默`, ``, "无响应、没有应答", "沉默的设备"},
	{`裸值`, ``, "值", "也接受裸值"},
	{`适配器`, ``, "转换器", "USB 适配器"},
	{`被杀`, ``, "被强制终止", "网关被杀之后"},
	{`没有下文|恰好(得到|有)?一个`, ``, "有且只有一个结果", "绝不没有下文"},
}

// The pages use plain words, except in code.
func TestProse(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "node_modules" || name == "dist" || len(name) > 2 && name[0] == '.'):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".md":
			return nil
		}
		page, err := filepath.Rel("../..", path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		words := englishWords
		if strings.HasSuffix(name, ".zh-CN.md") {
			words = chineseWords
		}
		for _, p := range passages(string(text)) {
			for _, w := range words {
				for _, found := range w.in(p.text) {
					t.Errorf("%s:%d: %q: write %s", page, p.line+strings.Count(p.text[:found[0]], "\n"), p.text[found[0]:found[1]], w.plain)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The sentences of the program use plain words too. All of them are in locale/zh.toml.
func TestProseOfTheProgram(t *testing.T) {
	text, err := os.ReadFile("../../locale/zh.toml")
	if err != nil {
		t.Fatal(err)
	}
	sentence := regexp.MustCompile(`^"((?:[^"\\]|\\.)*)" = `)
	found := 0
	for n, line := range strings.Split(string(text), "\n") {
		m := sentence.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		found++
		for _, w := range englishWords {
			for _, at := range w.in(m[1]) {
				t.Errorf("locale/zh.toml:%d: %q in %q: write %s", n+1, m[1][at[0]:at[1]], m[1], w.plain)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d sentences are found", found)
	}
}

// in returns the positions of the word.
func (w word) in(text string) (all [][]int) {
	for _, at := range regexp.MustCompile(w.not).FindAllStringIndex(text, -1) {
		if w.except == "" || !regexp.MustCompile(w.except).MatchString(text[at[0]:at[1]]) {
			all = append(all, at)
		}
	}
	return all
}

// taken replaces code, links and marks. No word begins or ends with it.
const taken = "¤"

// passage is a paragraph, an item of a list, a heading or a cell of a table, without code, links and marks.
type passage struct {
	line int // of its first line, from 1
	text string
}

var (
	item  = regexp.MustCompile(`^\s*(-|\d+\.) `)
	inert = regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)|https?://\\S+|<img[^>]*alt=\"|<[^>]*>")
	marks = strings.NewReplacer("![", "", "[", "", "]", "", "**", taken, "*", taken)
)

func passages(page string) (all []passage) {
	code, open := false, false // inside a fence; the last passage continues
	for i, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code, open = !code, false
			continue
		}
		heading := strings.HasPrefix(line, "#")
		line = inert.ReplaceAllString(strings.TrimLeft(line, "#"), taken)
		switch {
		case code || strings.TrimSpace(line) == "":
			open = false
		case strings.HasPrefix(line, "|"):
			for cell := range strings.SplitSeq(line, "|") {
				all = append(all, passage{i + 1, prose(cell)})
			}
			open = false
		case heading:
			all = append(all, passage{i + 1, taken + prose(item.ReplaceAllString(line, ""))})
			open = false
		case open && !item.MatchString(line):
			all[len(all)-1].text += "\n" + prose(line)
		default:
			all = append(all, passage{i + 1, prose(item.ReplaceAllString(line, ""))})
			open = true
		}
	}
	return all
}

func prose(line string) string {
	return strings.TrimSpace(marks.Replace(line))
}

// Each rule matches its own example, and nothing in code.
func TestProseWords(t *testing.T) {
	for _, w := range append(englishWords, chineseWords...) {
		if len(w.in(w.like)) == 0 {
			t.Errorf("%q does not find %q", w.not, w.like)
		}
		for _, p := range passages("```\n" + w.like + "\n```\n\nSee `" + strings.ReplaceAll(w.like, "\n", " ") + "`.\n") {
			if found := w.in(p.text); found != nil {
				t.Errorf("%q finds something in %q", w.not, p.text)
			}
		}
	}
	for _, fine := range []string{"There is no port.", "It is no longer there.", "What is it?", "It asks. What next? It goes on."} {
		for _, w := range englishWords {
			if len(w.in(fine)) != 0 {
				t.Errorf("%q finds something in %q", w.not, fine)
			}
		}
	}
}

// Chinese in sources and scripts has its own punctuation too: a half-width mark next to a Han character is a mistake.
func TestChineseInSources(t *testing.T) {
	slip := regexp.MustCompile(`\p{Han}[,;:?!(]|[,;:?!)]\p{Han}`)
	read := 0
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if name := e.Name(); path != "../.." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "dist" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		case strings.HasSuffix(path, "_test.go"):
			return nil
		}
		switch filepath.Ext(path) {
		case ".go", ".sh", ".ino", ".js", ".ts", ".vue", ".wxml", "":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		read++
		for i, line := range strings.Split(string(text), "\n") {
			if found := slip.FindString(line); found != "" {
				t.Errorf("%s:%d: %q has a half-width mark", path, i+1, found)
			}
		}
		return nil
	})
	if err != nil || read < 100 {
		t.Errorf("%d files: %v", read, err)
	}
}
