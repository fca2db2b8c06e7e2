package codec_test

import (
	"strconv"
	"strings"
	"testing"

	"minirelay/devices/codec"
)

// The law: ParseNumber reads what strconv reads, but for what no board means by a number.
func FuzzNumbersInText(f *testing.F) {
	for _, s := range []string{"21.5", "-0", "+1e-3", ".5", "5.", "1e400", "0.1000000000000000055511151231257827", "1_0", "0x1p3", "inf", "1e", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := codec.ParseNumber([]byte(s), false)
		want, err := strconv.ParseFloat(s, 64)
		if strings.ContainsAny(s, "xXpPiInN_") {
			want, err = 0, strconv.ErrSyntax
		}
		if err != nil {
			want = 0
		}
		if ok != (err == nil) || got != want {
			t.Errorf("%q: %v %v, strconv says %v %v", s, got, ok, want, err)
		}
		comma, ok2 := codec.ParseNumber([]byte(strings.ReplaceAll(s, ".", ",")), true)
		if !strings.Contains(s, ",") && (ok2 != ok || comma != got) {
			t.Errorf("%q with a comma: %v %v", s, comma, ok2)
		}
	})
}
