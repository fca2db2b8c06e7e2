// Package api serves the JSON API under /api/ of the gateway's TLS port, and contains the client that minirelay watch
// uses. Most callers need [New], or [NewClient]. docs/api.md describes the API for authors of other clients.
//
//	api.go      Server.ServeHTTP    the data for admins, a [Failure] for other users
//	config.go   Config              the files of the config, and their faults
//	ports.go    Port                the serial ports
//	wire.go     Sight               the data on one of them, live
//	client.go   Client              the other side
//
// # Promises
//
// Only admins get a response with data. Nothing can be changed. The config is shown without its secrets: package
// configs removes them.
//
// Deliberately absent: sessions and cookies, so that no other site can abuse one. Each request carries its user and
// password.
package api
