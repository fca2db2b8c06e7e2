// Package web is the page that a browser gets from the gateway: the build of miniprogram/ for browsers, embedded,
// so that the binary needs no files and the page no other host.
//
//	page.go   Handler   serves the embedded files
//	qr.go     QR        draws an address for a phone's camera
//
// dist is made by `make web` and committed; a test of the project builds it again and compares.
package web
