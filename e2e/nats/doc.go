// Package nats tests an upstream against a cluster of three nats-servers. It is a module of its own, so that the
// server's packages never get near the gateway's.
package nats
