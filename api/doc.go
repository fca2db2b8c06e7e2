// Package api serves the JSON API under /api/ of the gateway's TLS port, and holds the client that minirelay watch
// uses. Most callers need [New], or [NewClient]. docs/api.md describes it for authors of other clients.
//
//	api.go      Server.ServeHTTP    admins are answered, everybody else gets a [Failure]
//	config.go   Config              the files of the config, and their faults
//	ports.go    Port                the serial ports
//	wire.go     Sight               the data on one of them, live
//	client.go   Client              the other side
//
// # Promises
//
// Only admins are answered. Nothing can be changed. The config is shown without its secrets: package configs removes
// them.
//
// Deliberately absent: sessions and cookies, so that no foreign page can ride on one. Each request carries its user
// and password.
package api
