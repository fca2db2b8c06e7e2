package upstream

import (
	"bytes"
	"strconv"
	"time"
)

// item is one message on its way up. Only its queue changes it, or the session if it has no queue.
type item struct {
	queue   *queue // nil: not stored anywhere
	number  uint64 // in its queue
	topic   string // below the gateway's own
	full    string // at the upstream
	payload []byte // as received from the relay
	retain  bool
	replay  bool      // it comes from the backlog
	kept    bool      // it is on the disk
	epoch   epoch     // of the clock that stamped it
	shift   int64     // correction of its time, in ms
	unset   bool      // its time is wrong and cannot be corrected
	said    bool      // of a current one: it has been handed to the connection
	since   time.Time // when it was handed to the connection
}

// OwnKeys are the keys that an upstream adds to a message.
var OwnKeys = []string{"seq", "replay", "clock"}

// body is the payload as consumers get it. The gateway's messages about devices and commands are JSON objects, to which
// these keys are added
//
//	"seq":17          the same number only if it is the same message again
//	"replay":true     it comes from the backlog: newer ones may have come before it
//	"clock":"unset"   ts was taken by a clock that had not been set
func (i *item) body() []byte {
	if i.queue == nil && !i.unset || len(i.payload) < 2 || i.payload[len(i.payload)-1] != '}' {
		return i.payload
	}
	b := make([]byte, 0, len(i.payload)+64)
	b = append(b, i.shifted()...)
	b = bytes.TrimSuffix(b, []byte("}"))
	comma := len(bytes.TrimSpace(b)) > 1
	key := func(s string) {
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(b, s...)
	}
	if i.queue != nil {
		key(`"seq":`)
		b = strconv.AppendUint(b, i.number, 10)
	}
	if i.replay {
		key(`"replay":true`)
	}
	if i.unset {
		key(`"clock":"unset"`)
	}
	return append(b, '}')
}

// shifted is the payload with its time corrected.
func (i *item) shifted() []byte {
	ts, rest, ok := timestamp(i.payload)
	if i.shift == 0 || !ok {
		return i.payload
	}
	b := append(make([]byte, 0, len(i.payload)+4), `{"ts":`...)
	return append(strconv.AppendInt(b, ts+i.shift, 10), rest...)
}

// setTime decides how to correct the time of a message, from the latest knowledge about the clock.
func (i *item) setTime(epochs []epoch) {
	i.shift, i.unset = 0, false
	if ts, _, ok := timestamp(i.payload); ok {
		var set bool
		i.shift, set = correction(ts, i.epoch, epochs)
		i.unset = !set
	}
}
