package locale

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func TestFromEnvironment(t *testing.T) {
	for _, row := range []struct {
		all, messages, lang string
		want                Language
	}{
		{"", "", "", English},
		{"", "", "zh_CN.UTF-8", Chinese},
		{"", "", "zh_TW.utf8", Chinese},
		{"", "", "zh", Chinese},
		{"", "", "zh_CN.utf8@pinyin", Chinese},
		{"", "", "zh_CN.GB18030", English}, // it would be shown as rubbish
		{"C", "", "zh_CN.UTF-8", English},
		{"", "C.UTF-8", "zh_CN.UTF-8", English},
		{"", "zh_CN.UTF-8", "en_GB.UTF-8", Chinese},
		{"zh_CN.UTF-8", "C", "POSIX", Chinese},
		{"", "", "de_DE.UTF-8", English},
	} {
		values := map[string]string{"LC_ALL": row.all, "LC_MESSAGES": row.messages, "LANG": row.lang}
		if got := FromEnvironment(func(name string) string { return values[name] }); got != row.want {
			t.Errorf("%v: %v", values, got)
		}
	}
}

func TestFromHeader(t *testing.T) {
	for header, want := range map[string]Language{
		"": English, "zh": Chinese, "zh-CN,zh;q=0.9,en;q=0.8": Chinese, "en-US,en;q=0.9,zh;q=0.8": English, "de, zh;q=0.3": Chinese,
		"ZH-Hans": Chinese, "zh;q=0": English, "en;q=0.2, zh-TW;q=0.7": Chinese, "*": English, "zh;q=x": English, ";;,,": English,
	} {
		if got := FromHeader(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// trial is a table in which each way of matching is needed.
const trial = `# a comment
"all is well" = "一切正常"
"no device {} in {}" = "{2} 里没有设备 {1}"
"no device {} in {} of the year" = "当年的 {2} 里没有设备 {1}"
"the port is closed: {}" = "串口已关闭：{}"
"it is {}, or {}" = "是{}，或者{}"
"{} already exists" = "{} 已经存在"
"the value must be {}" = "值必须{}"
"at least {}" = "不小于 {}"
"write {value} into {}" = "把 {value} 写进 {}"
"check the cable" = "请检查线缆"
"permission denied" = "权限不足"
"did you mean \"{}\"?" = "是不是想写 \"{}\"？"
"{} fields" = "{} 个字段"
"on {}, {}" = "在 {} 上，{}"
`

func TestText(t *testing.T) {
	c, err := readCatalogue(trial)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, want := range map[string]string{
		"":                                                  "",
		"all is well":                                       "一切正常",
		"\nall is well\n":                                   "\n一切正常\n",
		"nobody knows this":                                 "nobody knows this",
		`no device "a in b" in x.toml`:                      `x.toml 里没有设备 "a in b"`,
		`no device "x" in y of the year`:                    `当年的 y 里没有设备 "x"`,
		"the value must be at least 3":                      "值必须不小于 3",
		"the port is closed: all is well":                   "串口已关闭：一切正常",
		"x already exists; try the next":                    "x 已经存在；try the next",
		"open /dev/x: permission denied":                    "open /dev/x：权限不足",
		"open /dev/x: no luck; at all":                      "open /dev/x: no luck; at all",
		`write {value} into "send"`:                         `把 {value} 写进 "send"`,
		`did you mean "all is well"?`:                       `是不是想写 "all is well"？`,
		"no device  in x":                                   "no device  in x", // a hole is never empty
		"check the cable\ncheck the cable":                  "请检查线缆\n请检查线缆",
		"at least " + strings.Repeat("at least ", 20) + "1": "",
	} {
		if got := c.text(sentence, maxDepth); got != want && want != "" {
			t.Errorf("%q: %q, want %q", sentence, got, want)
		}
	}
	long := strings.Repeat("it is so; ", maxText)
	if c.text(long, maxDepth) != long {
		t.Error("what is too long is not left alone")
	}
}

func TestKey(t *testing.T) {
	for format, want := range map[string]string{
		"\n%s is written.\n": "{} is written.", "%3d %%  %v  %s": "{} %  {}  {}", "%-13v %.0f °C": "{} {} °C",
		"bytes % x": "bytes {}", "%[1]s and %[2]q": "{} and {}", "100 % of it": "100 % of it",
	} {
		if got := Key(format); got != want {
			t.Errorf("%q: %q, want %q", format, got, want)
		}
	}
}

// What stays English is as fmt makes it.
func TestSprintf(t *testing.T) {
	err := fmt.Errorf("open: %w", fs.ErrPermission)
	for _, l := range []Language{English, Chinese} {
		if got := l.Sprintf("%d%%, %-5q|%v\n", 7, "a", errors.New("xyz")); got != "7%, \"a\"  |xyz\n" {
			t.Errorf("%v: %q", l, got)
		}
		if got := l.Sprintf("%v", err); l == English && got != err.Error() {
			t.Errorf("%q", got)
		}
	}
}

func TestTableOfColumns(t *testing.T) {
	var table Table
	table.Head("端口\tSTATE\tx")
	table.Row("a", "已打开", "y")
	table.Row("alone")
	var b strings.Builder
	if err := table.Write(&b, 2); err != nil || b.String() != "端口   STATE   x\na      已打开  y\nalone\n" {
		t.Errorf("%v\n%s", err, b.String())
	}
	if got := Pad("插槽", 7) + "|"; got != "插槽   |" {
		t.Errorf("%q", got)
	}
}

// A text never panics, and English is never touched.
func FuzzText(f *testing.F) {
	for line := range strings.Lines(trial) {
		f.Add(line)
	}
	c, err := readCatalogue(trial)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sentence string) {
		c.text(sentence, maxDepth)
		if English.Text(sentence) != sentence {
			t.Errorf("%q", sentence)
		}
		Chinese.Text(sentence)
		Key(sentence)
	})
}
