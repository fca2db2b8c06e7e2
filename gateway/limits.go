package gateway

import (
	"syscall"

	"minirelay/broker"
	"minirelay/configs"
)

const (
	keptFiles       = 128 // file descriptors for the gateway itself: the log, the journal, the config, the local socket
	filesOfPort     = 2   // for each port: one while it is opened again
	filesOfUpstream = 8   // for each upstream: its connection, and the files of its outbox
)

// brokerConfig returns the broker's part of config, with the number of file descriptors that connections may use.
func brokerConfig(config *configs.Config) broker.Config {
	b := config.Broker
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		b.Files = connectionFiles(uint64(limit.Cur), len(config.Devices.Ports), len(config.Upstreams))
	}
	return b
}

// connectionFiles returns how many of limit file descriptors are left for connections. Without the rest no port could
// be opened again, and no command be stored, while strangers hold every descriptor.
func connectionFiles(limit uint64, ports, upstreams int) int {
	all := int(min(limit, 1<<30))
	kept := min(keptFiles, all/4) + filesOfPort*ports + filesOfUpstream*upstreams
	return max(all-kept, all/4, 1)
}
