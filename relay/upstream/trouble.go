package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/gorilla/websocket"
)

// trouble describes the end of a connection, or of an attempt: what is wrong and where to look. connected means that
// there was a connection.
func trouble(err error, connected bool, now time.Time, c *Config) (Code, string) {
	var rogue rogueError
	var files fileError
	var web webSocketError
	switch {
	case errors.Is(err, errTwin):
		return CodeDuplicate, c.twinWords()
	case errors.As(err, &files):
		return CodeFiles, "ca_file, cert_file or key_file cannot be used; see the log"
	case errors.As(err, &rogue):
		return CodeRogue, rogue.Error() + "; is it an MQTT broker?"
	case errors.As(err, &web):
		return CodeNoMQTT, web.Error() + " instead of a WebSocket; check the path of the url"
	case errors.Is(err, errNotGranted):
		return CodeSubscribe, "the broker refuses " + strings.TrimPrefix(err.Error(), errNotGranted.Error()+": ") + "; allow it there, or leave accept out"
	case errors.Is(err, errNoAck), connected && timedOut(err):
		return CodeDead, "the connection stopped answering, for example because a cable was cut"
	}
	if code, message := loginTrouble(err); code != "" {
		return code, message
	}
	if code, message := tlsTrouble(err, now, c); code != "" {
		return code, message
	}
	return networkTrouble(err, connected)
}

// loginTrouble describes why a broker has refused a login (MQTT 3.1.1, table 3.1).
func loginTrouble(err error) (Code, string) {
	switch {
	case errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword):
		return CodeLogin, "the broker does not know this user and password"
	case errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return CodeLogin, "the broker does not allow this user to log in; check user, password and client_id there"
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return CodeClientID, "the broker does not accept this client id; set client_id to one that it accepts"
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return CodeBusy, "the broker says that it is not available now"
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return CodeNoMQTT, "the broker does not support MQTT 3.1.1"
	}
	return "", ""
}

func tlsTrouble(err error, now time.Time, c *Config) (Code, string) {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && !plausible(now):
		return CodeClock, "this machine's clock shows " + now.UTC().Format("2006-01-02") + ": certificates cannot be checked until it is set"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.Before(invalid.Cert.NotBefore):
		return CodeNotYet, "the broker's certificate is not valid before " + day(invalid.Cert.NotBefore) + "; is this machine's clock right?"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CodeExpired, "the broker's certificate was valid until " + day(invalid.Cert.NotAfter) + "; it must be renewed there"
	case errors.As(err, &name):
		return CodeName, fmt.Sprintf("the broker's certificate is not for %s; check the host of the url, or set server_name", name.Host)
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return CodeRoot, "the broker's certificate is by an authority that is not trusted here; set ca_file to that authority's certificate"
	case errors.As(err, &record):
		return CodeTLS, "the broker does not support TLS at this port; use mqtt:// or ws://, or another port"
	case errors.As(err, &alert), err != nil && strings.Contains(err.Error(), "remote error: tls:"):
		if c.CertFile == "" {
			return CodeTLS, "the broker ends the TLS handshake; does it need a client certificate (cert_file, key_file)?"
		}
		return CodeTLS, "the broker ends the TLS handshake; does it know this client certificate?"
	}
	return "", ""
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

func networkTrouble(err error, connected bool) (Code, string) {
	var dns *net.DNSError
	var closed *websocket.CloseError
	switch {
	case connected:
		return CodeLost, "the connection was closed"
	case errors.As(err, &dns):
		return CodeDNS, "no address is known for " + dns.Name + "; check the url and the network's name server"
	case errors.Is(err, syscall.ECONNREFUSED):
		return CodeRefused, "nothing listens at that address; is the broker running, and is the port right?"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return CodeUnreachable, "that address cannot be reached; does this machine have a network?"
	case timedOut(err):
		return CodeTimeout, "there is no answer from that address"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.As(err, &closed):
		return CodeNoMQTT, "the broker closes the connection before the login; is this its MQTT port, and does it need TLS?"
	case err == nil:
		return CodeLost, "the connection was closed"
	}
	return CodeUnreachable, "it cannot be reached; see the log"
}

const (
	oftenClosed = 5 // times within closedFor
	closedFor   = 10 * time.Minute
)

// closings are the recent times at which the broker has closed a connection. Two programs with one client id disconnect
// each other for ever: each time the broker just closes the connection of one.
type closings []time.Time

// words records the end of a connection, and returns a description if there are many, else "".
func (c *closings) words(err error, now time.Time, config *Config) string {
	if hungUp(err) {
		*c = append(*c, now)
	}
	*c = slices.DeleteFunc(*c, func(at time.Time) bool { return now.Sub(at) > closedFor })
	if len(*c) < oftenClosed {
		return ""
	}
	return "the broker closes the connection again and again; does something else connect with the client id " +
		config.clientID() + ", or may this user not publish?"
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() ||
		err != nil && strings.Contains(err.Error(), "pingresp not received")
}
