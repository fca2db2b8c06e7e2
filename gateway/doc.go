// Package gateway is a running gateway: a broker, the relay, upstreams and ports, started from one configuration and
// changed by the next. Most callers need [Run], which serves the configuration of a file until its context ends. A
// program of your own can use [Start], then [Gateway.Apply] and [Gateway.Stop].
//
//	gateway.go    Start, Apply, Stop     a gateway, and the one roll-back
//	core.go       core                   its parts, in the order of start and stop
//	run.go        Run, Reload            the loop of a program, and its log messages
//	watch.go      Watch                  notices that a file was saved, once it is complete
//	lastgood.go   LastGood               the configuration that was in use last, for a start with a broken one
//	notices.go    notices                what the kernel tells about files
//	instance.go   loadInstance           which installation this is, so that two with one id are told apart
//	upstreams.go  upstreams              the connections to other brokers
//	http.go       core.serveHTTP         the API, /metrics and /readyz, and the API on a local socket
//	api.go        configState            the configuration in the API
//	status.go     core.status            everything else in status, API and metrics
//	limits.go     brokerConfig           the file descriptors that connections may use
//	watchdog.go   Gateway.watchdog       reports to the service manager
//	address.go    PhoneAddress           addresses as people type them
//
// # Promises
//
// A configuration is applied as a whole or not at all: after an error of [Gateway.Apply] the gateway serves what it
// served before. Unchanged parts are not disturbed: connections stay open, devices keep their
// values. [Gateway.Stop] returns when every goroutine has ended.
//
// Deliberately absent: flags, signals, exit codes and output for people, which are the program's.
package gateway
