// Package api serves the JSON API under /api/ of the gateway's TLS port, and holds the client that minirelay watch
// uses. Most callers need New, or NewClient. docs/api.md describes it for people who write other clients.
//
//	api.go      Server.ServeHTTP    who may ask, and what is answered to everybody else
//	config.go   Config              the files the gateway runs with, and what is wrong with them
//	ports.go    Port                the serial ports
//	wire.go     Sight               what is on the wire of one, live
//	client.go   Client              the other side
//
// # Promises
//
// Only admins are answered. Nothing can be changed. What is shown of the config holds no secret: it comes so from
// package configs.
//
// Deliberately absent: sessions and cookies, so that no foreign page can ride on one. Each request carries its user
// and password.
package api
