package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/skip2/go-qrcode"
)

// addressSize bounds the text that QR draws, in bytes. Phones cannot read the code of a longer text from a screen.
const addressSize = 300

// QR draws text for a terminal: two modules a character, dark on light with any colours of the terminal, with
// the quiet margin that cameras need.
func QR(text string) (string, error) {
	code, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return "", err
	}
	modules := code.Bitmap()
	var b strings.Builder
	for y := 0; y < len(modules); y += 2 {
		b.WriteString("\x1b[30;47m")
		for x := range modules[y] {
			upper, lower := modules[y][x], y+1 < len(modules) && modules[y+1][x]
			switch {
			case upper && lower:
				b.WriteRune('█')
			case upper:
				b.WriteRune('▀')
			case lower:
				b.WriteRune('▄')
			default:
				b.WriteRune(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String(), nil
}

// serveQR draws the address of a gateway, minirelay://…, as a picture for the page.
func serveQR(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("text")
	if !strings.HasPrefix(text, "minirelay://") || len(text) > addressSize {
		http.Error(w, "text must be an address minirelay://… of at most 300 bytes", http.StatusBadRequest)
		return
	}
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		http.Error(w, "this address cannot be drawn", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	fmt.Fprint(w, svg(code.Bitmap()))
}

// svg draws modules as one path, a horizontal run of dark ones at a time.
func svg(modules [][]bool) string {
	var d strings.Builder
	for y, row := range modules {
		for x := 0; x < len(row); x++ {
			start := x
			for x < len(row) && row[x] {
				x++
			}
			if x > start {
				fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", start, y, x-start, x-start)
			}
		}
	}
	n := len(modules)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, n, n, n, n, d.String())
}
