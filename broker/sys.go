package broker

import (
	"strconv"
	"time"
)

const sysEvery = 10 * time.Second

// publishSys publishes the broker's own figures, for admins, under the names that mosquitto and mochi use.
func (b *Broker) publishSys() {
	defer b.running.Done()
	begun := time.Now()
	for {
		b.sessionsMu.Lock()
		online, sessions := b.online, len(b.sessions)
		b.sessionsMu.Unlock()
		for name, value := range map[string]int64{
			"uptime":            int64(time.Since(begun) / time.Second),
			"clients/connected": int64(online),
			"clients/total":     int64(sessions),
			"bytes/received":    b.traffic.bytesIn.Load(),
			"bytes/sent":        b.traffic.bytesOut.Load(),
			"messages/received": b.traffic.messagesIn.Load(),
			"messages/sent":     b.traffic.messagesOut.Load(),
		} {
			_ = b.Publish("$SYS/broker/"+name, strconv.AppendInt(nil, value, 10), 0, true, nil)
		}
		if !b.sleep(sysEvery) {
			return
		}
	}
}
