package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"minirelay/gateway"
	"minirelay/locale"
	"minirelay/web"
)

// phoneCode is the code to scan, with the address below it, in the language of lang.
func phoneCode(g *gateway.Gateway, lang locale.Language) string {
	text := g.PhoneAddress()
	code, err := web.QR(text)
	if err != nil {
		code = "" // an address too long for a code can still be typed
	}
	return fmt.Sprintf("\n%s\n\n%s\n  %s\n", lang.Text("Scan this code or type the address in the mini-program, under Gateways:"), code, text)
}

// isTerminal reports whether w is a terminal, from which a person can scan a code.
func isTerminal(w io.Writer) bool {
	f, ok := behind(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
