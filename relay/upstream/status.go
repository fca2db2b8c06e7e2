package upstream

import "time"

// Code is the state of an upstream in one word, for programs. [Status].Message explains it.
type Code string

// The codes. All but CodeConnected and CodeConnecting are troubles after which it tries again.
const (
	CodeConnected   Code = "connected"
	CodeConnecting  Code = "connecting"
	CodeDNS         Code = "dns"             // the name has no address
	CodeRefused     Code = "refused"         // nobody listens there
	CodeUnreachable Code = "unreachable"     // no way there
	CodeTimeout     Code = "timeout"         // no answer while connecting
	CodeNoMQTT      Code = "no_mqtt"         // something answers that is no MQTT broker
	CodeClock       Code = "clock"           // this machine's clock is not set
	CodeExpired     Code = "tls_expired"     // the certificate is over
	CodeNotYet      Code = "tls_not_yet"     // or not valid yet
	CodeName        Code = "tls_name"        // or for another name
	CodeRoot        Code = "tls_unknown"     // or by an authority that is not trusted
	CodeTLS         Code = "tls"             // another fault of TLS
	CodeFiles       Code = "files"           // ca_file, cert_file or key_file cannot be used
	CodeLogin       Code = "login"           // wrong user or password, or no right to connect
	CodeClientID    Code = "client_id"       // the broker does not like the client id
	CodeBusy        Code = "server_busy"     // the broker says that it is unavailable
	CodeSubscribe   Code = "no_subscription" // the broker does not let us hear commands or requests
	CodeDead        Code = "dead"            // the connection stopped answering: half-open
	CodeLost        Code = "lost"            // the connection was closed
	CodeRogue       Code = "rogue"           // the broker sent what no broker may send
)

// Status is the state of an upstream.
type Status struct {
	Code    Code
	Message string    // one sentence, safe to show to a person
	Since   time.Time // when Code became so
	Disk    string    // what is wrong with the outbox; "" if nothing is
	Waiting uint64    // messages that have not been acknowledged
}

// Counts are the numbers of messages since the start.
type Counts struct {
	Taken     uint64 // readings, results and events that are to go up
	Delivered uint64 // of them, acknowledged by the upstream
	Replayed  uint64 // of those, from the backlog
	Lost      uint64 // dropped from the outbox by its bounds, or from memory without one
	Damaged   uint64 // that the disk did not give back
	Overrun   uint64 // dropped because the disk was too slow
	Inward    uint64 // commands and requests that came
	Crowded   uint64 // of them, answered busy because too many came
	Dropped   uint64 // of them, not even that, because far too many came
	Unasked   uint64 // messages that nobody asked for
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

// become notes the condition and logs it, with what lies behind it, when it is another one.
func (u *Upstream) become(code Code, message string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	same := u.status.Code == code
	u.status.Message = message
	if same {
		return
	}
	u.status.Code, u.status.Since = code, time.Now()
	u.news = true
	if code == CodeConnected {
		u.log.Info("connected to the upstream", "url", u.config.Address())
		return
	}
	u.log.Warn("no connection to the upstream: "+message, "url", u.config.Address(), "code", code, "error", err)
}
