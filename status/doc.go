// Package status is the state of a gateway: one [Snapshot], which the API sends, the status command shows, and /metrics
// writes for Prometheus. Most callers need [Snapshot.Judge] and [Snapshot.Write].
//
//	status.go     Snapshot           the fields
//	problems.go   Snapshot.Judge     the problems, with suggestions
//	text.go       Snapshot.Write     one screen for people
//	metrics.go    Snapshot.Metrics   the same for Prometheus
//	machine.go    Machine            the disk, the process, and the values of a Raspberry Pi
//
// Deliberately absent: other packages of the gateway. Package gateway fills a Snapshot in.
package status
