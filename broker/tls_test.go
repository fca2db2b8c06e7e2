package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// issue makes a certificate for name, valid from and until relative to now, signed by parent or itself.
func issue(t testing.TB, name string, from, until time.Duration, parent *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(until), DNSNames: []string{name}, IsCA: parent == nil,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	if name == "" {
		template.DNSNames = nil
	}
	issuer, signer := template, any(key)
	var chain [][]byte
	if parent != nil {
		issuer, signer, chain = parent.Leaf, parent.PrivateKey, parent.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: append([][]byte{der}, chain...), PrivateKey: key, Leaf: leaf}
}

// save writes cert's chain and key under dir, whose names it returns.
func save(t testing.TB, dir string, cert *tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	var chain []byte
	for _, der := range cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")
	for name, data := range map[string][]byte{certFile: chain, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// shown is the name of the certificate that a new client sees.
func (b *testBroker) shown(t testing.TB) string {
	t.Helper()
	conn, err := tls.Dial("tcp", b.Addrs().TLS, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// made opens what the gateway has made for itself.
func made(t *testing.T, dataDir string, now time.Time) (*own, error) {
	t.Helper()
	o, damage, err := openOwn(dataDir, now)
	if err != nil {
		t.Fatal(err)
	}
	return o, damage
}

func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	o, damage := made(t, dir, time.Now())
	if damage != nil {
		t.Error(damage)
	}
	first, _ := os.ReadFile(o.certFile())
	if info, _ := os.Stat(o.keyFile()); info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %v", info.Mode())
	}
	cert, err := loadPair(o.certFile(), o.keyFile())
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if !slices.Contains(cert.Leaf.DNSNames, "localhost") || !slices.Contains(cert.Leaf.DNSNames, host) {
		t.Errorf("names %v", cert.Leaf.DNSNames)
	}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if err := cert.Leaf.VerifyHostname(a.(*net.IPNet).IP.String()); err != nil {
			t.Error(err)
		}
	}
	made(t, dir, time.Now())
	if again, _ := os.ReadFile(o.certFile()); string(again) != string(first) {
		t.Error("it was made again")
	}
	left, _ := filepath.Glob(filepath.Join(dir, "tls", ".new-*"))
	if len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// A Pi without a clock makes its certificate in 1970: it has to be valid once the time is known.
func TestSelfSignedWithoutClock(t *testing.T) {
	o, _ := made(t, t.TempDir(), time.Unix(0, 0))
	leaf := o.certs[0].Leaf
	if now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC); now.After(leaf.NotAfter) || time.Unix(0, 0).Before(leaf.NotBefore) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
}

// certbot points a link to another directory. Connected clients stay; new ones see the new certificate; a broken one is
// not used.
func TestCertificateSwap(t *testing.T) {
	dir := t.TempDir()
	live := filepath.Join(dir, "live")
	put := func(name string, cert *tls.Certificate) string {
		to := filepath.Join(dir, name)
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		save(t, to, cert)
		next := filepath.Join(dir, "next")
		if err := os.Symlink(to, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, live); err != nil {
			t.Fatal(err)
		}
		return to
	}
	ca := issue(t, "ca", -time.Hour, time.Hour*9999, nil)
	put("one", issue(t, "one", -time.Hour, 90*24*time.Hour, ca))
	cfg := testConfig(t)
	cfg.TLS = TLSConfig{Mode: "files", CertFile: filepath.Join(live, "fullchain.pem"), KeyFile: filepath.Join(live, "privkey.pem")}
	b := start(t, cfg)
	c := b.paho(t, "wss", "operator", "phone")
	got := subscribe(t, c, "home/#", 1)
	put("two", issue(t, "two", -time.Hour, 90*24*time.Hour, ca))
	eventually(t, "the new certificate is shown", func() bool { return b.shown(t) == "two" })

	three := put("three", issue(t, "three", -time.Hour, 90*24*time.Hour, ca))
	_, keyFile := save(t, t.TempDir(), issue(t, "other", -time.Hour, time.Hour, ca))
	other, _ := os.ReadFile(keyFile)
	if err := os.WriteFile(filepath.Join(three, "privkey.pem"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the broken one is reported", func() bool { return strings.Contains(b.logs.String(), "are not a certificate and its key") })
	if name := b.shown(t); name != "two" && name != "three" {
		t.Errorf("%s is shown", name)
	}
	put("four", issue(t, "four", -time.Hour, 90*24*time.Hour, ca))
	eventually(t, "the repaired one is shown", func() bool { return b.shown(t) == "four" })
	_ = b.Publish("home/x", []byte("still here"), 1, false, nil)
	expect(t, got, "home/x still here")
}

func TestBadCertificates(t *testing.T) {
	ca, stranger := issue(t, "ca", -time.Hour, time.Hour, nil), issue(t, "stranger", -time.Hour, time.Hour, nil)
	wrongChain := issue(t, "x", -time.Hour, time.Hour, ca)
	wrongChain.Certificate[1] = stranger.Certificate[0]
	for want, cert := range map[string]*tls.Certificate{
		"expired on":       issue(t, "x", -2*time.Hour, -time.Hour, nil),
		"valid before":     issue(t, "x", time.Hour, 2*time.Hour, nil),
		"is not signed by": wrongChain,
	} {
		certFile, keyFile := save(t, t.TempDir(), cert)
		l, id := &logs{}, &identity{certFile: certFile, keyFile: keyFile}
		id.refresh(slog.New(slog.NewTextHandler(l, nil)))
		if id.certs.Load() != nil || !strings.Contains(l.String(), want) {
			t.Errorf("%s, want %q", l, want)
		}
	}
	for _, tlsConfig := range []TLSConfig{{Mode: "acme"}, {Mode: "files"}, {Mode: "files", CertFile: "/none", KeyFile: "/none"}} {
		cfg := testConfig(t)
		cfg.TLS = tlsConfig
		if _, err := New(cfg, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%+v passes", tlsConfig)
		}
	}
}

// The expiry of a certificate is announced from 14 days before, once a day.
func TestCertificateEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id, l := &identity{}, &logs{}
		log := slog.New(slog.NewTextHandler(l, nil))
		id.certs.Store(&[]*tls.Certificate{issue(t, "x", -time.Hour, 20*24*time.Hour, nil)})
		for range 22 * 24 {
			id.remind(log, time.Now())
			time.Sleep(time.Hour)
		}
		if soon, over := strings.Count(l.String(), "ends soon"), strings.Count(l.String(), "it expired on"); soon != 15 || over != 1 {
			t.Errorf("%d and %d lines", soon, over)
		}
	})
}

// A gateway whose clock is wrong, or whose certificate has expired, runs and reports it.
func TestStartsWithEndedCertificate(t *testing.T) {
	cfg := testConfig(t)
	cfg.TLS.Mode = "files"
	cfg.TLS.CertFile, cfg.TLS.KeyFile = save(t, t.TempDir(), issue(t, "old", -2*time.Hour, -time.Hour, nil))
	b := start(t, cfg)
	b.connected(t, 4, "operator", "phone", nil)
	eventually(t, "it is reported", func() bool { return strings.Contains(b.logs.String(), "clients refuse the certificate") })
}

func TestNoOldTLS(t *testing.T) {
	b := start(t, testConfig(t))
	if _, err := tls.Dial("tcp", b.Addrs().TLS, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
}

// remoteConn is a connection from an address.
type remoteConn struct {
	net.Conn
	from string
}

func (c remoteConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from))
}

// A client that asks for a name which the certificate does not have is named, once; this machine's own checks are not.
func TestOtherNameIsNamed(t *testing.T) {
	cfg := testConfig(t)
	cfg.TLS.Mode = "files"
	cfg.TLS.CertFile, cfg.TLS.KeyFile = save(t, t.TempDir(), issue(t, "gateway.example", -time.Hour, 9999*time.Hour, nil))
	b := start(t, cfg)
	for _, test := range []struct {
		from, name string
		lines      int
	}{
		{"127.0.0.1:1", "localhost", 0}, {"192.0.2.1:1", "gateway.example", 0}, {"192.0.2.1:1", "", 0},
		{"192.0.2.1:1", "other.example", 1}, {"192.0.2.1:2", "other.example", 1},
	} {
		hello := &tls.ClientHelloInfo{ServerName: test.name, Conn: remoteConn{from: test.from}}
		if cert, err := b.identity.Load().server.GetCertificate(hello); err != nil || cert == nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.logs.String(), "a name that the certificate does not have"); n != test.lines {
			t.Errorf("%+v: %d lines\n%s", test, n, b.logs)
		}
	}
	if !strings.Contains(b.logs.String(), `asked=other.example names=gateway.example`) {
		t.Error(b.logs)
	}
}
