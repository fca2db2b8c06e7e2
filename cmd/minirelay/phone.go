package main

import (
	"fmt"
	"os"

	"golang.org/x/term"

	"minirelay/gateway"
	"minirelay/web"
)

// phoneCode is the code to scan, with the address below it.
func phoneCode(g *gateway.Gateway) string {
	text := g.PhoneAddress()
	code, err := web.QR(text)
	if err != nil {
		code = "" // an address too long for a code can still be typed
	}
	return fmt.Sprintf("\nFor the mini-program, under Gateways: scan or type / 在小程序的“网关”里扫描或输入\n\n%s\n  %s\n", code, text)
}

// isTerminal reports whether w is a terminal, from which a person can scan a code.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
