package broker

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// replace replaces the certificates on the disk by one with other names and years.
func (o *own) replace(t *testing.T, names []string, addrs []net.IP, now time.Time) {
	t.Helper()
	leaf, err := sign(o.key, names, addrs, now)
	if err != nil {
		t.Fatal(err)
	}
	o.certs = []*tls.Certificate{o.pair(leaf)}
	if err := o.write(nil); err != nil {
		t.Fatal(err)
	}
}

// A key or certificate that rots on its card does not keep the gateway from starting: whatever is changed in the files, it
// has a pair that works, and says so if it is another one.
func TestDamagedCertificate(t *testing.T) {
	dir := t.TempDir()
	o, _ := made(t, dir, time.Now())
	files := map[string][]byte{}
	for _, name := range []string{o.certFile(), o.keyFile()} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	random := rand.New(rand.NewPCG(1, 2))
	rot := map[string]func(data []byte) []byte{
		"empty":  func([]byte) []byte { return nil },
		"half":   func(data []byte) []byte { return data[:random.IntN(len(data))] },
		"zeros":  func(data []byte) []byte { return make([]byte, len(data)) },
		"a bit":  func(data []byte) []byte { data[random.IntN(len(data))] ^= 1 << random.IntN(8); return data },
		"a page": func(data []byte) []byte { clear(data[random.IntN(len(data)):]); return data },
	}
	for how, change := range rot {
		for range 20 {
			for name, data := range files {
				for file, whole := range files {
					if err := os.WriteFile(file, whole, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				damaged := change(slices.Clone(data))
				if err := os.WriteFile(name, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				repaired, damage := made(t, dir, time.Now())
				cert, err := loadPair(repaired.certFile(), repaired.keyFile())
				if err != nil {
					t.Fatalf("%s of %s: %v", how, name, err)
				}
				if !cert.Leaf.Equal(repaired.certs[0].Leaf) {
					t.Errorf("%s of %s: the file holds another certificate", how, name)
				}
				if other := !cert.Leaf.Equal(o.certs[0].Leaf); other != (damage != nil) {
					t.Errorf("%s of %s: another certificate %v, reported %v", how, name, other, damage)
				}
				if damage == nil {
					continue // a bit in the text around it
				}
				if kept, err := os.ReadFile(name + ".damaged"); err != nil || string(kept) != string(damaged) {
					t.Errorf("%s of %s: the damaged file is not kept: %v", how, name, err)
				}
				if name == o.certFile() && !repaired.key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(o.key.Public()) {
					t.Errorf("%s of %s: another key", how, name)
				}
			}
		}
	}
}

// A damaged pair is reported at the start, and in status.
func TestDamagedCertificateIsReported(t *testing.T) {
	cfg := testConfig(t)
	o, _ := made(t, cfg.DataDir, time.Now())
	if err := os.WriteFile(o.keyFile(), []byte("rotten"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t, cfg)
	b.connected(t, 4, "operator", "phone", nil)
	if !strings.Contains(b.logs.String(), "certificate was damaged") {
		t.Error("nothing is logged")
	}
	if a := b.Stats().Certificate; len(a) != 1 || !strings.Contains(a[0].What, "certificate was damaged") {
		t.Errorf("%v", a)
	}
}

// A certificate is renewed when the machine has another address or name, and before it ends. The key stays, and clients that
// trust the earlier one keep seeing it where it fits.
func TestRenewal(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	o, _ := made(t, dir, now)
	names, addrs := ownNames()
	for what, before := range map[string]func(){
		"another name":    func() { o.replace(t, []string{"localhost", "old-name"}, addrs, now) },
		"another address": func() { o.replace(t, names, []net.IP{net.IPv4(127, 0, 0, 1)}, now) },
		"it ends":         func() { o.replace(t, names, addrs, now) },
	} {
		before()
		old, now := o.certs[0].Leaf, now
		if what == "it ends" {
			now = old.NotAfter.AddDate(0, 0, -29)
		}
		next, damage := made(t, dir, now)
		if damage != nil {
			t.Errorf("%s: %v", what, damage)
		}
		leaf := next.certs[0].Leaf
		if leaf.Equal(old) || !leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(old.PublicKey) {
			t.Errorf("%s: the same certificate, or another key", what)
		}
		if len(next.certs) != 2 || !next.certs[1].Leaf.Equal(old) {
			t.Errorf("%s: the earlier certificate is gone", what)
		}
		if !next.fits(names, lasting(addrs), now) {
			t.Errorf("%s: it does not fit", what)
		}
		if again, _ := made(t, dir, now); !again.certs[0].Leaf.Equal(leaf) {
			t.Errorf("%s: it was renewed twice", what)
		}
		seen := choose(next.certs, &tls.ClientHelloInfo{ServerName: "localhost"}, now).Leaf
		if keeps := what != "it ends"; seen.Equal(old) != keeps {
			t.Errorf("%s: a client that trusts the earlier one sees it: %v", what, seen.Equal(old))
		}
	}
	for i := range 2 * maxOwn {
		o, _ = made(t, dir, now.AddDate(i*certYears, 0, 0))
	}
	if len(o.certs) != maxOwn {
		t.Errorf("%d certificates are kept", len(o.certs))
	}
}

// The gateway looks at its names from time to time. A client that was told to trust an earlier certificate, and asks for a
// name of it, keeps seeing it.
func TestRenewalWhileRunning(t *testing.T) {
	cfg := testConfig(t)
	o, _ := made(t, cfg.DataDir, time.Now())
	o.replace(t, []string{"old-name"}, nil, time.Now())
	old := o.certs[0].Leaf
	b := start(t, cfg)
	pool := x509.NewCertPool()
	pool.AddCert(old)
	for name, roots := range map[string]*x509.CertPool{"old-name": pool, "localhost": nil} {
		conn, err := tls.Dial("tcp", b.Addrs().TLS, &tls.Config{ServerName: name, RootCAs: roots, InsecureSkipVerify: roots == nil})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if seen := conn.ConnectionState().PeerCertificates[0]; seen.Equal(old) != (roots != nil) || seen.VerifyHostname(name) != nil {
			t.Errorf("%s: the names are %v", name, seen.DNSNames)
		}
		conn.Close()
	}

	id, err := newIdentity(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, now := &logs{}, time.Now()
	log := slog.New(slog.NewTextHandler(l, nil))
	if id.renew(log, now); l.String() != "" {
		t.Errorf("nothing has changed: %s", l)
	}
	id.own.replace(t, []string{"old-name"}, nil, now)
	id.certs.Store(&id.own.certs)
	if id.renew(log, now.Add(namesEvery-1)); l.String() != "" {
		t.Errorf("too soon: %s", l)
	}
	if id.renew(log, now.Add(namesEvery)); !strings.Contains(l.String(), "another name or address") || len(*id.certs.Load()) != 2 {
		t.Errorf("it was not renewed: %s", l)
	}
}

// A card that has become read-only does not keep the gateway from starting with a certificate that lies in memory only,
// if it had one before.
func TestDamagedCertificateOnReadOnlyDisk(t *testing.T) {
	if os.Getuid() == 0 {
		dir := t.TempDir()
		o, _ := made(t, dir, time.Now())
		if err := os.WriteFile(o.certFile(), []byte("rotten"), 0o600); err != nil {
			t.Fatal(err)
		}
		// Root may write everywhere, but not replace a directory by a file.
		if err := os.Mkdir(o.certFile()+".damaged", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(o.certFile()+".damaged", "x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if repaired, damage := made(t, dir, time.Now()); damage == nil || len(repaired.certs) != 1 {
			t.Error("it is not repaired")
		}
	}
}

func TestSuites(t *testing.T) {
	b := start(t, testConfig(t))
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS13) && len(s.SupportedVersions) == 1 {
			continue
		}
		conn, err := tls.Dial("tcp", b.Addrs().TLS, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{s.ID}})
		if err == nil {
			conn.Close()
		}
		aead := strings.Contains(s.Name, "GCM") || strings.Contains(s.Name, "POLY1305")
		if ours := aead && strings.HasPrefix(s.Name, "TLS_ECDHE_ECDSA"); (err == nil) != ours {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// What clients will not accept is found without a client.
func TestExamine(t *testing.T) {
	ca := issue(t, "ca", -time.Hour, 9999*time.Hour, nil)
	leafOnly := issue(t, "gateway.example", -time.Hour, 99*time.Hour, ca)
	leafOnly.Certificate = leafOnly.Certificate[:1]
	for what, want := range map[string]struct {
		cert *tls.Certificate
		said string
	}{
		"a whole chain":     {issue(t, "gateway.example", -time.Hour, 99*time.Hour, ca), ""},
		"signed by itself":  {issue(t, "gateway.example", -time.Hour, 99*time.Hour, nil), ""},
		"no issuer":         {leafOnly, `the file contains no certificate of "ca"`},
		"ended":             {issue(t, "gateway.example", -2*time.Hour, -time.Hour, ca), "clients refuse the certificate: it expired on"},
		"not begun":         {issue(t, "gateway.example", time.Hour, 2*time.Hour, ca), "clients refuse the certificate: it is not valid before"},
		"no name of a host": {issue(t, "", -time.Hour, time.Hour, ca), "the certificate has no name of a host"},
	} {
		certFile, keyFile := save(t, t.TempDir(), want.cert)
		c, err := Examine(certFile, keyFile, time.Now())
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		said := ""
		for _, a := range c.Advice {
			said += a.What
			if a.Try == "" {
				t.Errorf("%s: nothing to try", what)
			}
		}
		if !strings.HasPrefix(said, want.said) || want.said == "" && said != "" {
			t.Errorf("%s: %q", what, said)
		}
	}
	certFile, _ := save(t, t.TempDir(), leafOnly)
	_, keyFile := save(t, t.TempDir(), ca)
	if _, err := Examine(certFile, keyFile, time.Now()); err == nil || !strings.Contains(err.Error(), "are not a certificate and its key") {
		t.Errorf("another key: %v", err)
	}
}
