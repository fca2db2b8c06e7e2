package capture

import (
	"fmt"
	"strings"
	"testing"
)

// The bytes in the logs of other tools, with their direction and time.
func TestLogsOfOtherTools(t *testing.T) {
	for name, tt := range map[string]struct{ log, want string }{
		"SSCOM":            {"[15:44:29.000]发→◇01 03 00 00 00 01 84 0A □\r\n[15:44:29.123]收←◆01 03 02 00 07 F9 86 \r\n", "0s > 01 03 00 00 00 01 84 0a|123ms < 01 03 02 00 07 f9 86"},
		"SSCOM 5":          {"[2024-08-28 21:42:29:607]-Tx->: 01 03\n[2024-08-28 21:42:29:707]-Rx<-: AA C0 69\n", "0s > 01 03|100ms < aa c0 69"},
		"ESPHome":          {"[13:48:51][D][uart_debug:114]: >>> 01:03\n[13:48:52][I][app:100]: Running\n[13:48:52][D][uart_debug:114]: <<< AA:C0:69\n", "0s > 01 03|1s < aa c0 69"},
		"marks":            {"Tx: 01 03 00\nRx: AA C0\n", "0s > 01 03 00|0s < aa c0"},
		"with 0x":          {"RX 0xAA, 0xC0\n", "0s < aa c0"},
		"arrows":           {"--> 01 03\n<-- aa c0\n", "0s > 01 03|0s < aa c0"},
		"midnight":         {"23:59:59.9 Tx 01 02\n00:00:00.1 Rx 03 04\n", "0s > 01 02|0s < 03 04"},
		"a board's text":   {"T=21.5 H=40\nT=21.6 H=41\n", ""},
		"a board's word":   {"rx ok\nin 5\n", ""},
		"a sensor's lines": {"20.5 21.5\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, records, err := Read(strings.NewReader(tt.log))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range records {
				mark := "<"
				if r.Out {
					mark = ">"
				}
				got = append(got, fmt.Sprintf("%v %s % x", r.At, mark, r.Data))
			}
			all := strings.Join(got, "|")
			if tt.want == "" {
				all = strings.TrimSuffix(strings.Replace(string(records[0].Data), tt.log, "", 1), "\n")
			}
			if all != tt.want {
				t.Errorf("got  %s\nwant %s", all, tt.want)
			}
		})
	}
}
