package status

import (
	"bytes"
	"strings"
	"testing"

	"minirelay/locale"
)

// A hub with a gateway that is away, one that never came, and one whose id another one has too, does not say that all is
// well.
func TestFleet(t *testing.T) {
	s := full()
	s.Gateways = append(s.Gateways, Gateway{Gateway: "cabin", Since: s.Now - 7200_000, Version: "0.9.0", Address: "192.0.2.7:4711"}, Gateway{Gateway: "shed"},
		Gateway{Gateway: "barn", Online: true, Since: s.Now - 1000, Address: "192.0.2.8:1", Rival: "192.0.2.9:2", RivalAt: s.Now - 3000})
	s.Judge()
	var said []string
	for _, p := range s.Problems {
		if p.Try == "" {
			t.Errorf("%s: no suggestion", p.What)
		}
		said = append(said, p.What)
	}
	want := []string{"gateway cabin is offline for 2 h", "gateway shed is offline since the start",
		"two gateways have the id barn: one at 192.0.2.8:1, and one at 192.0.2.9:2 that was seen 3.0 s ago"}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	var text, metrics bytes.Buffer
	if err := s.Write(&text, locale.English); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cabin    offline  2 h ago    0.9.0    192.0.2.7:4711", "farm     online   50 s ago   1.2.3    192.0.2.6:5", "needs attention"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	s.Metrics(&metrics)
	for _, want := range []string{`minirelay_hub_gateway_up{gateway="farm"} 1`, `minirelay_hub_gateway_up{gateway="cabin"} 0`, `minirelay_hub_gateway_up{gateway="shed"} 0`,
		`minirelay_hub_gateway_state_age_seconds{gateway="cabin"} 7200`, `minirelay_hub_gateway_duplicate{gateway="barn"} 1`,
		`minirelay_hub_gateway_info{gateway="farm",version="1.2.3"} 1`} {
		if !strings.Contains(metrics.String(), "\n"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
