package upstream

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Two gateways with one id, such as those with copies of one SD card, would take turns at the upstream, and commands
// would reach the wrong site. A hub refuses the second one: it gets the instance of each gateway with the WebSocket, in
// a header, and answers with a code of its own. At any other broker the two disconnect each other for ever. When that
// happens, the gateway subscribes to its own info too, and finds the instance of the other one in it. Brokers that do
// not let it are no worse than before.

// instanceHeader is broker.InstanceHeader.
const instanceHeader = "Minirelay-Instance"

// errTwin means that the hub has another gateway with this id.
var errTwin = errors.New("another gateway with this id is connected")

func (c *Config) header() http.Header {
	h := http.Header{}
	if c.Instance != "" {
		h.Set(instanceHeader, c.Instance)
	}
	return h
}

// twinWords names the other gateway for people.
func (c *Config) twinWords() string {
	return "another gateway with the id " + c.Gateway + " is connected there, for example one with a copy of this SD card; set another [gateway] id on one of the two"
}

// infoTopic is the topic of the gateway's own info at the upstream.
func (c *Config) infoTopic() string { return c.base() + "info" }

// meet looks at an info on the gateway's own topic.
func (u *Upstream) meet(info []byte) {
	var theirs, ours struct {
		Instance string
		Started  int64
	}
	if json.Unmarshal(info, &theirs) != nil || theirs.Instance == "" {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if own := u.current[u.config.infoTopic()]; own != nil {
		_ = json.Unmarshal(own.payload, &ours) // it is the gateway's
	}
	installation, _, _ := strings.Cut(u.config.Instance, "/")
	// A copy may have the same instance, but it was started at another time. The message of an earlier run of this very
	// gateway is older, and there only until this run has written its own.
	if theirs.Instance != installation || ours.Started != 0 && (theirs.Started > ours.Started || u.written && theirs.Started != ours.Started) {
		u.met = time.Now()
	}
}

// twin reports whether another gateway with this id was met of late.
func (u *Upstream) twin() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return !u.met.IsZero() && time.Since(u.met) < closedFor
}

// words describes for people what does not work though there is a connection; "" if nothing is known.
func (u *Upstream) words() string {
	twin := ""
	if u.twin() {
		twin = u.config.twinWords()
	}
	return cmp.Or(u.refusalWords(), twin)
}
