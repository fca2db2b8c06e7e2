// Package status says how a gateway is: one Snapshot, which the API answers, the status command shows, and /metrics
// writes for Prometheus.
//
//	status.go     Snapshot           what there is to say
//	problems.go   Snapshot.Judge     what is wrong and what to try
//	text.go       Snapshot.Write     one screen for people
//	metrics.go    Snapshot.Metrics   the same for Prometheus
//	machine.go    Machine            the disk, the process, and what a Raspberry Pi knows of itself
//
// It knows no other package of the gateway: cmd/minirelay fills a Snapshot in.
package status
