// Package web serves the page for browsers: the build of miniprogram/, embedded, so that the binary needs no files and the
// page no other host. Most callers need [Handler]; [QR] draws an address on a terminal.
//
//	page.go   Handler   serves the embedded files
//	qr.go     QR        draws an address for a phone's camera
//
// In addition to the files there are /qr.svg?text=minirelay://… and /phone.json, {"ws_port":"8080"}. They need no login, and
// reveal nothing that a port scan would not.
//
// dist is made by `make web` and committed; a test of the project builds it again and compares.
//
// Deliberately absent: any data. The contents of the page come over MQTT and the API.
package web
