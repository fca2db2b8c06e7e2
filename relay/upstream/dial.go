package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
)

// dialOn makes one connection after another until the upstream is closed.
func (u *Upstream) dialOn(in *inlet) {
	failures := 0
	var closed closings
	suspicious := false // the broker closes the connection again and again
	for u.dial.Err() == nil {
		began := time.Now()
		connected, err := u.connect(in, suspicious)
		if u.dial.Err() != nil {
			return
		}
		if connected && time.Since(began) >= u.timing.steady {
			failures = 0
		}
		code, message := trouble(err, connected, u.look().Wall, &u.config)
		if code == CodeLost {
			often := closed.words(err, time.Now(), &u.config)
			suspicious = often != ""
			message = cmp.Or(u.refusalWords(), often, message)
			if u.twin() {
				code, message = CodeDuplicate, u.config.twinWords()
			}
		}
		u.become(code, message, err)
		wait := backoff(failures, u.timing)
		failures++
		u.log.Debug("connecting again", "after", wait, "error", err)
		select {
		case <-time.After(wait):
		case <-u.dial.Done():
		}
	}
}

// backoff is the pause after a number of failures: a random time between the shortest pause and a bound that doubles,
// so that gateways that were cut off together do not come back together.
func backoff(failures int, t timing) time.Duration {
	bound := t.retryMax
	if failures < 16 {
		bound = min(bound, t.retryMin<<(failures+1))
	}
	return t.retryMin + rand.N(max(bound-t.retryMin, 0)+1)
}

// errNotGranted means that the broker does not allow subscribing to commands or requests.
var errNotGranted = errors.New("the subscription was refused")

// connect makes one connection and uses it to its end. A suspicious one looks for another gateway with this id. The error
// is the reason why it ended, or could not be made.
func (u *Upstream) connect(in *inlet, suspicious bool) (connected bool, err error) {
	u.hub.reset()
	ended := make(chan error, 1)
	filters := u.config.filters()
	if suspicious {
		filters = append(filters, u.config.infoTopic())
	}
	var cause error // of an attempt that failed before any MQTT; paho keeps only its text
	options := u.options()
	options.SetConnectionLostHandler(func(_ mqtt.Client, err error) { ended <- err })
	var line *wire
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { in.take(m, line.arrived()) })
	settled := func() bool { return true }
	defer func() { settled() }()
	options.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
		conn, err := u.open()
		if err != nil {
			cause = err
			return nil, err
		}
		settled = context.AfterFunc(u.dial, func() { _ = conn.Close() }) // do not wait for a silent broker
		line = newWire(conn, u.timing.connect, u.config.KeepAlive+u.timing.slack, len(filters))
		return line, nil
	})
	client := mqtt.NewClient(options)
	token := client.Connect()
	<-token.Done() // bounded by the timeouts of open and wire
	if err := token.Error(); err != nil {
		if line != nil && line.twin {
			cause = errTwin
		}
		return false, errors.Join(cause, err)
	}
	err = subscribe(client, filters, u.config.infoTopic(), u.timing.ack)
	if !settled() && err == nil {
		err = u.dial.Err() // the connection has just been cut off
	}
	if err != nil {
		client.Disconnect(0)
		select {
		case lost := <-ended:
			err = lost
		default:
		}
		return true, err
	}
	u.become(CodeConnected, u.words(), nil)
	err = newSession(u, client, ended).run()
	return true, err
}

// subscribe subscribes to commands and requests. The broker may refuse the filter optional.
func subscribe(client mqtt.Client, filters []string, optional string, patience time.Duration) error {
	if len(filters) == 0 {
		return nil
	}
	wanted := map[string]byte{}
	for _, f := range filters {
		wanted[f] = 1
	}
	token := client.SubscribeMultiple(wanted, nil)
	if !token.WaitTimeout(patience) {
		return errNoAck
	}
	if err := token.Error(); err != nil {
		return err
	}
	for filter, granted := range token.(*mqtt.SubscribeToken).Result() {
		if granted > 2 && filter != optional {
			return fmt.Errorf("%w: %s", errNotGranted, filter)
		}
	}
	return nil
}

// options are paho's, for one connection: no storage, no retries.
func (u *Upstream) options() *mqtt.ClientOptions {
	c := &u.config
	o := mqtt.NewClientOptions().AddBroker(c.URL).SetClientID(c.clientID()).
		SetUsername(c.User).SetPassword(c.Password.Value()).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).
		SetOrderMatters(true). // the inlet only queues, so it does not block
		SetKeepAlive(c.KeepAlive).SetPingTimeout(5*time.Second).
		SetConnectTimeout(u.timing.connect).SetWriteTimeout(3*time.Second).
		SetBinaryWill(c.base()+"status", []byte("offline"), 1, true)
	return o
}

// open opens the network connection, with TLS and WebSocket if the url asks for them.
func (u *Upstream) open() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(u.dial, u.timing.connect)
	defer cancel()
	target, secure, ws, err := endpoint(u.config.URL)
	if err != nil {
		return nil, err
	}
	var trust *tls.Config
	if secure {
		if trust, err = u.config.tls(target.Hostname()); err != nil {
			return nil, err
		}
	}
	if ws {
		return openWebSocket(ctx, target, u.config.header(), trust, u.timing.connect)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", target.Host)
	if err != nil || trust == nil {
		return conn, err
	}
	encrypted := tls.Client(conn, trust)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error is more specific
		return nil, err
	}
	return encrypted, nil
}

// webSocketError is an HTTP response that is not a WebSocket upgrade.
type webSocketError struct{ status string }

func (e webSocketError) Error() string { return "the server answers " + e.status }

func openWebSocket(ctx context.Context, target *url.URL, header http.Header, trust *tls.Config, patience time.Duration) (net.Conn, error) {
	d := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: patience, TLSClientConfig: trust, Subprotocols: []string{"mqtt"}}
	ws, answer, err := d.DialContext(ctx, target.String(), header)
	if err != nil {
		if answer != nil && errors.Is(err, websocket.ErrBadHandshake) {
			return nil, webSocketError{answer.Status}
		}
		return nil, err
	}
	ws.SetReadLimit(1 << 20) // a message may hold several packets
	return &webSocket{Conn: ws}, nil
}

// webSocket carries bytes in binary messages. wire makes sure that only one goroutine writes at a time.
type webSocket struct {
	*websocket.Conn
	message io.Reader // the one being read; nil between two
}

func (w *webSocket) Read(b []byte) (int, error) {
	for {
		if w.message == nil {
			var err error
			if _, w.message, err = w.NextReader(); err != nil {
				return 0, err
			}
		}
		n, err := w.message.Read(b)
		if errors.Is(err, io.EOF) {
			w.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (w *webSocket) Write(b []byte) (int, error) {
	if err := w.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (w *webSocket) SetDeadline(t time.Time) error {
	return errors.Join(w.SetReadDeadline(t), w.SetWriteDeadline(t))
}

// fileError is a TLS file that cannot be used.
type fileError struct{ error }

// tls reads the certificates each time, so that renewed ones are used.
func (c *Config) tls(host string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if c.ServerName != "" {
		t.ServerName = c.ServerName
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fileError{err}
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fileError{fmt.Errorf("%s contains no certificate in PEM format", c.CAFile)}
		}
	}
	if c.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fileError{err}
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
