// Package web is the page that a browser gets from the gateway: the build of miniprogram/ for browsers, embedded,
// so that the binary needs no files and the page no other host.
//
//	page.go   Handler   serves the embedded files
//	qr.go     QR        draws an address for a phone's camera
//
// Beside the files there are /qr.svg?text=minirelay://… and /phone.json, {"ws_port":"8080"}; nobody needs to log in
// for them, and they tell nothing that a port scan would not.
//
// dist is made by `make web` and committed; a test of the project builds it again and compares.
package web
