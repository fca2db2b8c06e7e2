package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"minirelay/broker"
)

// listener is one address of the broker.
type listener struct {
	key, address string
	host, port   string
}

func (k *checker) checkBroker() {
	b := k.doc.Broker
	if k.has("broker", "listen") && b.Listen == "" {
		k.fault(k.at("broker", "listen"), "listen is empty", `leave it out for ":8443", or write an address such as "127.0.0.1:8443"`)
	}
	var all []listener
	for _, l := range []listener{{key: "listen", address: b.Listen}, {key: "mqtt", address: b.MQTT}, {key: "ws", address: b.WS}} {
		if l.address == "" || !k.sound("broker", l.key) {
			continue
		}
		var ok bool
		if l.host, l.port, ok = k.splitAddress(l); !ok {
			continue
		}
		for _, other := range all {
			if l.collides(other) {
				k.fault(k.at("broker", l.key), fmt.Sprintf("%s = %q and %s = %q are the same address", l.key, l.address, other.key, other.address),
					"give each its own port")
			}
		}
		all = append(all, l)
		clear := l.key != "listen" || b.TLS.Mode == "off"
		if clear && !l.loopback() {
			k.warning(k.at("broker", l.key), fmt.Sprintf("passwords are sent unencrypted at %s = %q", l.key, l.address),
				"use 127.0.0.1 unless everybody on that network is trusted")
		}
	}
	k.checkTLS(b.TLS)
	k.checkFront("trusted_proxies", broker.CheckProxy)
	k.checkFront("origins", broker.CheckOrigin)
}

// checkFront checks the texts of a list in the broker's table.
func (k *checker) checkFront(key string, check func(string) error) {
	if !k.has("broker", key) {
		return
	}
	for _, child := range k.root.get("broker", key).children {
		text, ok := child.value.(string)
		if err := check(text); ok && err != nil {
			k.fault(child.at, key+": "+err.Error(), hintOf(err))
		}
	}
}

// hintOf returns the suggestion of an error; "" if it has none.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// minToken is the least length of a token in characters: hexadecimal, it has 64 bits.
const minToken = 16

func (k *checker) checkMetrics() {
	token := k.doc.Metrics.Token.Value()
	if k.has("metrics", "token") && !k.unread("metrics", "token") && utf8.RuneCountInString(token) < minToken {
		k.fault(k.at("metrics", "token"), fmt.Sprintf("the token has fewer than %d characters", minToken),
			"for example, use the output of openssl rand -hex 16")
	}
}

// splitAddress checks host:port.
func (k *checker) splitAddress(l listener) (host, port string, ok bool) {
	at := k.at("broker", l.key)
	host, port, err := net.SplitHostPort(l.address)
	if err != nil {
		try := `write host:port or :port, for example "127.0.0.1:8443" or ":8443"`
		if _, err := strconv.ParseUint(l.address, 10, 16); err == nil {
			host := ""
			if l.key == "mqtt" {
				host = "127.0.0.1" // without encryption, only this machine can connect unless the user asks for more
			}
			try = fmt.Sprintf("write %q", host+":"+l.address)
		}
		k.fault(at, fmt.Sprintf("%s = %q is not an address", l.key, l.address), try)
		return "", "", false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		k.fault(at.within(port), fmt.Sprintf("%q is not a port", port), "use a number from 1 to 65535")
		return "", "", false
	}
	if strings.ContainsAny(host, "/ ") {
		k.fault(at.within(host), fmt.Sprintf("%q is not a host", host), "write host:port without any scheme or path")
		return "", "", false
	}
	return host, port, true
}

// collides reports whether the gateway cannot listen on both addresses. Port 0 is a new port each time.
func (l listener) collides(other listener) bool {
	return l.port == other.port && l.port != "0" && (l.host == other.host || l.everywhere() || other.everywhere())
}

// everywhere reports whether the address covers every interface.
func (l listener) everywhere() bool {
	ip := net.ParseIP(l.host)
	return l.host == "" || ip != nil && ip.IsUnspecified()
}

func (l listener) loopback() bool {
	ip := net.ParseIP(l.host)
	return l.host == "localhost" || ip != nil && ip.IsLoopback()
}

func (k *checker) checkTLS(t broker.TLSConfig) {
	if !k.sound("broker", "tls", "mode") {
		return
	}
	missing := false
	for _, f := range []struct{ key, path string }{{"cert_file", t.CertFile}, {"key_file", t.KeyFile}} {
		at := k.at("broker", "tls", f.key)
		switch {
		case t.Mode != "files" && f.path != "":
			k.fault(at, fmt.Sprintf("%s has no effect in mode %q", f.key, t.Mode), `write mode = "files", or leave it out`)
		case t.Mode == "files" && f.path == "":
			k.fault(k.at("broker", "tls", "mode"), `mode = "files" needs a `+f.key, "name both cert_file and key_file, in PEM format")
		case f.path != "" && !k.elsewhere:
			if _, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
				missing = true
				k.fault(at, fmt.Sprintf("there is no file %s on this machine", f.path),
					"the gateway does not start without it; minirelay check -elsewhere checks the config of another machine")
			} else if f.key == "key_file" {
				k.checkSecretFile(at, f.path)
			}
		}
	}
	if t.Mode == "files" && t.CertFile != "" && t.KeyFile != "" && !missing && !k.elsewhere {
		k.checkCertificate(t)
	}
}

// checkCertificate reports files with which the gateway would not start, and warns about a certificate that clients refuse.
func (k *checker) checkCertificate(t broker.TLSConfig) {
	at := k.at("broker", "tls", "cert_file")
	c, err := broker.Examine(t.CertFile, t.KeyFile, time.Now())
	switch {
	case errors.Is(err, fs.ErrPermission):
		k.warning(at, fmt.Sprintf("the certificate is not checked: %v", err), "the user of the gateway must be able to read both files; check as that user")
	case err != nil:
		try := "the gateway does not start with it"
		var hinted interface{ Hint() string }
		if errors.As(err, &hinted) {
			try = hinted.Hint()
		}
		k.fault(at, err.Error(), try)
	}
	for _, a := range c.Advice {
		k.warning(at, a.What, a.Try)
	}
}
