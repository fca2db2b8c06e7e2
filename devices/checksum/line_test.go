package checksum_test

import (
	"strings"
	"testing"

	"minirelay/devices/checksum"
)

func TestChecksums(t *testing.T) {
	// The check values of "123456789" are those of the CRC catalogue (reveng.sourceforge.io).
	for name, digits := range map[string]string{
		"xor8": "31", "sum8": "DD", "crc16-modbus": "4B37", "crc16-ccitt": "29B1", "crc32": "CBF43926",
	} {
		sum, ok := checksum.Of(name)
		if !ok {
			t.Fatal(name)
		}
		for _, end := range []string{"", "\n", "\r\n"} {
			if got := string(sum.AddSum([]byte("123456789"+end), 0)); got != "123456789*"+digits+end {
				t.Errorf("%s: %q", name, got)
			}
		}
		for line, want := range map[string]bool{
			"123456789*" + digits:                  true,
			"123456789*" + strings.ToLower(digits): true,
			"123456788*" + digits:                  false,
			"123456789" + digits:                   false,
			"123456789*" + digits[1:]:              false,
			"123456789*" + digits[1:] + "g":        false,
			"":                                     false,
			"*":                                    false,
		} {
			if text, ok := sum.Strip([]byte(line)); ok != want || ok && string(text) != "123456789" {
				t.Errorf("%s: %q: %q, %v", name, line, text, ok)
			}
		}
	}
	none, ok := checksum.Of("none")
	if text, right := none.Strip([]byte("a*31")); !ok || !right || string(text) != "a*31" {
		t.Error("none changes a line")
	}
	if _, ok := checksum.Of("md5"); ok {
		t.Error("md5 is known")
	}
}
