package upstream

import "time"

// Code is the state of an upstream in one word, for programs. [Status].Message explains it.
type Code string

// The codes. All but CodeConnected and CodeConnecting are troubles, after which the upstream tries again.
const (
	CodeConnected   Code = "connected"
	CodeConnecting  Code = "connecting"
	CodeDNS         Code = "dns"             // the name has no address
	CodeRefused     Code = "refused"         // no program listens there
	CodeUnreachable Code = "unreachable"     // no route to it
	CodeTimeout     Code = "timeout"         // no answer while connecting
	CodeNoMQTT      Code = "no_mqtt"         // the server is not an MQTT broker
	CodeClock       Code = "clock"           // this machine's clock is not set
	CodeExpired     Code = "tls_expired"     // the certificate has expired
	CodeNotYet      Code = "tls_not_yet"     // or not valid yet
	CodeName        Code = "tls_name"        // or for another name
	CodeRoot        Code = "tls_unknown"     // or by an authority that is not trusted
	CodeTLS         Code = "tls"             // another fault of TLS
	CodeFiles       Code = "files"           // ca_file, cert_file or key_file cannot be used
	CodeLogin       Code = "login"           // wrong user or password, or no right to connect
	CodeClientID    Code = "client_id"       // the broker rejects the client id
	CodeDuplicate   Code = "duplicate"       // another gateway with this id is connected
	CodeBusy        Code = "server_busy"     // the broker reports that it is unavailable
	CodeSubscribe   Code = "no_subscription" // the broker does not allow subscribing to commands or requests
	CodeDead        Code = "dead"            // the connection stopped answering: half-open
	CodeLost        Code = "lost"            // the connection was closed
	CodeRogue       Code = "rogue"           // the broker sent something that no broker may send
)

// Status is the state of an upstream.
type Status struct {
	Code    Code
	Message string    // one sentence, safe to show to a person
	Since   time.Time // since when Code has been so
	Disk    string    // the fault of the outbox; "" if there is none
	Waiting uint64    // messages that have not been acknowledged
}

// Counts are the numbers of messages since the start.
type Counts struct {
	Taken     uint64 // readings, results and events that are to go up
	Delivered uint64 // of them, acknowledged by the upstream
	Replayed  uint64 // of those, from the backlog
	Lost      uint64 // dropped from the outbox by its bounds, or from memory without one
	Damaged   uint64 // that the disk did not return
	Overrun   uint64 // dropped because the disk was too slow
	Inward    uint64 // commands and requests that arrived
	Crowded   uint64 // of them, answered busy because too many arrived
	Dropped   uint64 // of them, not even answered, because far too many arrived
	Unasked   uint64 // messages that were not subscribed to
	Bytes     int64  // that the outbox has on the disk now
}

// Status returns the state now.
func (u *Upstream) Status() Status {
	u.mu.Lock()
	s := u.status
	u.mu.Unlock()
	s.Waiting = u.readings.waiting() + u.outcomes.waiting()
	return s
}

// Counts returns the counters now.
func (u *Upstream) Counts() Counts {
	u.mu.Lock()
	c := u.counts
	u.mu.Unlock()
	for _, q := range []*queue{u.readings, u.outcomes} {
		q.mu.Lock()
		c.Damaged += q.damaged
		q.mu.Unlock()
	}
	return c
}

// count changes the counters.
func (u *Upstream) count(change func(*Counts)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(&u.counts)
}

// become records the condition and, if it has changed, logs it with its cause.
func (u *Upstream) become(code Code, message string, err error) {
	u.mu.Lock()
	same := u.status.Code == code
	u.status.Message = message
	if !same {
		u.status.Code, u.status.Since = code, time.Now()
		u.news = true
	}
	u.mu.Unlock()
	if same {
		return
	}
	if code == CodeConnected {
		u.log.Info("connected to the upstream", "url", u.config.Address())
		return
	}
	u.log.Warn("no connection to the upstream: "+message, "url", u.config.Address(), "code", code, "error", err)
}
