// Package nats tests an upstream against a cluster of three nats-servers. It is a module of its own, so that the
// server's packages are not dependencies of the gateway.
package nats
