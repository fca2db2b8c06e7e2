package configs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a certificate for gateway.example that an authority has signed, and its key. The file holds the authority's
// certificate too if whole is true.
func writePair(t *testing.T, dir, name string, until time.Duration, whole bool) (certFile, keyFile string) {
	t.Helper()
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Some Authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(9999 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(until)}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	signed := func(c *x509.Certificate, for_, by *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, authority, for_.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	root, own := key(), key()
	chain := signed(leaf, own, root)
	if whole {
		chain = append(chain, signed(authority, root, root)...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for file, data := range map[string][]byte{certFile: chain, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// A certificate that the gateway would not start with, or that phones refuse, is a warning at its place.
func TestCertificateIsChecked(t *testing.T) {
	dir := t.TempDir()
	goodCert, goodKey := writePair(t, dir, "good.example", time.Hour, true)
	bareCert, bareKey := writePair(t, dir, "bare.example", time.Hour, false)
	oldCert, oldKey := writePair(t, dir, "old.example", -time.Hour, true)
	for what, test := range map[string]struct {
		cert, key, want string
		fault           bool
	}{
		"a good one":            {goodCert, goodKey, "", false},
		"no issuer":             {bareCert, bareKey, `the file contains no certificate of "Some Authority"`, false},
		"another key":           {goodCert, bareKey, "are not a certificate and its key", true},
		"too old":               {oldCert, oldKey, "clients refuse the certificate: it expired on", false},
		"no certificate at all": {goodKey, goodKey, "are not a certificate and its key", true},
		"no file":               {filepath.Join(dir, "none"), goodKey, "there is no file", true},
	} {
		path := filepath.Join(dir, "minirelay.toml")
		text := fmt.Sprintf("[gateway]\nid = \"home\"\n\n[broker.tls]\nmode = \"files\"\ncert_file = %q\nkey_file = %q\n\n"+
			"[users.phone]\npassword_hash = \"$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n", test.cert, test.key)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := Load(path)
		var faults *Faults
		var all []Fault
		if errors.As(err, &faults) != (test.fault) {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil {
			all = faults.List
		} else {
			all = config.Warnings
		}
		var said []string
		for _, w := range all {
			if strings.Contains(w.What, "certificate") || strings.Contains(w.What, "file") {
				said = append(said, w.What)
				if w.Line != 6 || w.Try == "" {
					t.Errorf("%s: line %d, hint %q", what, w.Line, w.Try)
				}
			}
		}
		if got := strings.Join(said, "; "); test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s: %s", what, got)
		}
	}
}
