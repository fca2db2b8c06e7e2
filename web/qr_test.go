package web

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/skip2/go-qrcode"
)

const address = "minirelay://192.168.1.10:8443?gw=home&user=phone"

// The code in a terminal and the one on the page have the modules of the same code, upright.
func TestCodesAreRight(t *testing.T) {
	code, err := qrcode.New(address, qrcode.Low)
	if err != nil {
		t.Fatal(err)
	}
	want := code.Bitmap()
	drawn, err := QR(address)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(drawn) {
		rows = append(rows, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "\x1b[30;47m"), "\x1b[0m"))
	}
	for y, row := range want {
		cells := []rune(rows[y/2])
		if utf8.RuneCountInString(rows[y/2]) != len(row) {
			t.Fatalf("row %d has %d cells for %d modules", y/2, len(cells), len(row))
		}
		for x, dark := range row {
			half := '▀'
			if y%2 == 1 {
				half = '▄'
			}
			if got := cells[x] == '█' || cells[x] == half; got != dark {
				t.Fatalf("module %d, %d is %v", x, y, got)
			}
		}
	}
	if got := svg([][]bool{{true, true, false}, {false, true, false}, {false, false, true}}); !strings.Contains(got, `d="M0 0h2v1h-2zM1 1h1v1h-1zM2 2h1v1h-1z"`) {
		t.Error(got)
	}
}

// Only addresses of gateways are drawn: the page cannot be made to show a code for something else.
func TestQRRefuses(t *testing.T) {
	h := page8080()
	if r := get(t, h, "/qr.svg?text="+url.QueryEscape(address)); r.StatusCode != 200 || r.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	for _, text := range []string{"", "https://evil.example", "minirelay://" + strings.Repeat("a", 300)} {
		if r := get(t, h, "/qr.svg?text="+url.QueryEscape(text)); r.StatusCode != 400 {
			t.Errorf("%.20q: %d", text, r.StatusCode)
		}
	}
}
