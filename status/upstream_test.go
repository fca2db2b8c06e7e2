package status

import (
	"bytes"
	"strings"
	"testing"

	"minirelay/locale"
)

// An upstream that is away, has a failing outbox or loses messages is reported, with a suggestion.
func TestUpstreamProblems(t *testing.T) {
	s := full()
	s.Upstreams = append(s.Upstreams,
		Upstream{Upstream: "away", State: "dns", Message: "no address is known for mqtt.example.org", Since: s.Now - 120_000, Waiting: 5},
		Upstream{Upstream: "full", State: "connected", Disk: "the disk is full", Lost: 7},
		Upstream{Upstream: "new", State: "connecting"})
	s.Judge()
	var said []string
	for _, p := range s.Problems {
		said = append(said, p.What)
	}
	want := "upstream away for 2 min: no address is known for mqtt.example.org\nupstream full: the disk is full\nupstream full: 7 messages were dropped because the outbox was full"
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	var b bytes.Buffer
	if err := s.Write(&b, locale.English); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"UPSTREAM", "cloud     connected", "away      dns"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// The screen in Chinese, whose characters are two columns wide.
func TestScreenInChinese(t *testing.T) {
	s := full()
	s.Upstreams = append(s.Upstreams, Upstream{Upstream: "full", State: "connected", Disk: "the disk is full", Lost: 7})
	s.Judge()
	var b bytes.Buffer
	if err := s.Write(&b, locale.Chinese); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n上游   状态    持续", "\ncloud  已连接  ", "\nfull   已连接  ", "\n需要处理：\n", "\n  上游 full：磁盘已满\n    提示：请腾出空间或修复它；",
		"\n  上游 full：发件箱放不下，丢弃了 7 条消息\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
