package locale

import (
	"errors"
	"fmt"
	"testing"
)

// Sentences as the program makes them.
func TestChinese(t *testing.T) {
	for sentence, want := range map[string]string{
		"the value must be from 0 to 100 %":                             "值必须在 0 到 100 % 之间",
		"the device is offline; check its cable and power":              "设备离线，请检查线缆和电源",
		"an earlier try went unanswered, then: the hardware refused it": "之前的一次尝试没有应答，随后：硬件拒绝执行",
		`field "t": min 5 is greater than max 3: no value is possible`:  `字段 "t"：min 5 大于 max 3：没有可用的值`,
		"scale: a number cannot be scaled by 0":                         "scale：数字不能乘以 0",
		"register: it is missing":                                       "register：没有写",
		`register: "holdin:0" is not a register`:                        `register："holdin:0" 不是有效的寄存器`,
		"open /dev/ttyUSB0: permission denied":                          "open /dev/ttyUSB0：权限不足",
		"warning: a.toml: file not found":                               "警告：a.toml：没有这个文件",
		"it is [1, 2], nothing that anybody knows":                      "it is [1, 2], nothing that anybody knows",
		"write it down, whatever it may be":                             "write it down, whatever it may be",
		"use of closed network connection":                              "use of closed network connection",
		"port uno is not usable: /dev/ttyACM0 does not exist":           "串口 uno 不能用：/dev/ttyACM0 不存在",
		"the value must be one of auto, manual":                         "值必须是以下之一：auto、manual",
		`the name "all is well" is nothing`:                             `the name "all is well" is nothing`,
		"12 frames: 10 accepted, 2 dropped; 3 requests unanswered":      "12 帧：采用 10，丢弃 2；3 个请求没有应答",
		"there is no = after the key, and the file ends here":           "键后面没有 =，文件却到此为止",
		"/dev/x is in use by cat (process 7), init (process 1)":         "/dev/x 正被占用：cat（进程 7）、init（进程 1）",
		`"on" is not one of "a, b", "c"`:                                `"on" 不是 "a, b"、"c" 之一`,
		"the fields are t, h; an expression cannot use a-b, c-d: choose an ID without - that begins with a letter": "现有的字段是 t、h；表达式里不能写 a-b、c-d：请换一个名字，不含 -，以字母开头",
		"there are command, request": "现有 command、request",
		"known here: env, file":      "可用的有 env、file",
		`t: 91 is greater than its max = 60; mode: "x; y" is not one of "a", "b"`:                `t：91 大于 max（60）；mode："x; y" 不是 "a"、"b" 之一`,
		"an earlier try went unanswered, then: the device is offline; check its cable and power": "之前的一次尝试没有应答，随后：设备离线，请检查线缆和电源",
		"the device reports: bad, very bad":                                                      "设备应答 bad, very bad",
		"[ports.two] is the same port as [ports.uno]":                                            "[ports.two] 与 [ports.uno] 是同一个串口",
		"the unit has no such register (exception 2)":                                            "从站没有这个寄存器（异常码 2）",
		"the configuration on the disk has 2 faults; the last valid one is in use":               "磁盘上的配置有 2 处错误；仍在使用上一份正确的配置",
	} {
		if got := Chinese.Text(sentence); got != want {
			t.Errorf("%q: %q, want %q", sentence, got, want)
		}
	}
	if got := Chinese.Sprintf("cannot write %s: %v", "x.toml", fmt.Errorf("open: %w", errors.New("permission denied"))); got != "无法写入 x.toml：open：权限不足" {
		t.Errorf("%q", got)
	}
	if got := Chinese.Sprintf("%-5s %3.0f %%  %s", "9600", 100.0, "lines of JSON"); got != "9600  100 %  JSON 行" {
		t.Errorf("%q", got)
	}
	if got := Chinese.Sprintf("accepts every %s for %s", "command and request", "a, b"); got != "接受对 a、b 的所有 command 和 request" {
		t.Errorf("%q", got)
	}
	if got := Chinese.List("a", "b") + English.List("a", "b"); got != "a、ba, b" {
		t.Errorf("%q", got)
	}
	if got := Chinese.Sprintf("at most %v%s", 5, " °C"); got != "不大于 5 °C" {
		t.Errorf("%q", got)
	}
	if got := Chinese.Sprintf("the port is closed: %s", "all is well"); got != "串口已关闭：一切正常" {
		t.Errorf("%q", got)
	}
}

// A sentence takes microseconds, so that a wire can be watched.
func BenchmarkText(b *testing.B) {
	chinese()
	for b.Loop() {
		Chinese.Text("port uno is not usable: /dev/ttyACM0 does not exist")
	}
}

// Reading the table is what a command in Chinese costs more than one in English.
func BenchmarkReadCatalogue(b *testing.B) {
	for b.Loop() {
		if _, err := readCatalogue(chineseTable); err != nil {
			b.Fatal(err)
		}
	}
}
