package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const certYears = 10

// selfSigned returns the certificate under dataDir/tls. It is made once: clients remember it.
func selfSigned(dataDir string) (certFile, keyFile string, err error) {
	if dataDir == "" {
		return "", "", errors.New("broker.tls: a self-signed certificate is stored in gateway.data_dir, which is not set")
	}
	dir := filepath.Join(dataDir, "tls")
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	_, certErr := os.Stat(certFile)
	_, keyErr := os.Stat(keyFile)
	if certErr == nil && keyErr == nil {
		if _, err := loadPair(certFile, keyFile); err != nil {
			return "", "", hint(fmt.Errorf("broker.tls: the certificate that was made before cannot be used (%w)", err), "delete "+dir+" to have a new one made")
		}
		return certFile, keyFile, nil
	}
	for _, err := range []error{certErr, keyErr} {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", "", fmt.Errorf("broker.tls: %w", err)
		}
	}
	certPEM, keyPEM, err := makeCertificate(time.Now())
	if err != nil {
		return "", "", fmt.Errorf("broker.tls: make a certificate: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", fmt.Errorf("broker.tls: %w", err)
	}
	// The certificate last: if it exists, so does the key.
	for _, f := range []struct {
		name string
		data []byte
		mode os.FileMode
	}{{keyFile, keyPEM, 0o600}, {certFile, certPEM, 0o644}} {
		if err := writeFile(f.name, f.data, f.mode); err != nil {
			return "", "", fmt.Errorf("broker.tls: %w", err)
		}
	}
	return certFile, keyFile, syncDir(dataDir)
}

// makeCertificate makes an ECDSA P-256 certificate for all names and addresses of this machine. It is valid from 1970
// on, and its years count from January 2026 at the earliest, since a Pi without a clock starts in the past.
func makeCertificate(now time.Time) (certPEM, keyPEM []byte, err error) {
	earliest := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if now.Before(earliest) {
		now = earliest
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	names, addrs := ownNames()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: names[len(names)-1], Organization: []string{"minirelay"}},
		NotBefore:             time.Unix(0, 0),
		NotAfter:              now.AddDate(certYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
		IPAddresses:           addrs,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// ownNames are the names that clients may use for this machine.
func ownNames() (names []string, addrs []net.IP) {
	names = []string{"localhost"}
	if host, err := os.Hostname(); err == nil && host != "" && host != "localhost" {
		names = append(names, host)
		if !strings.Contains(host, ".") {
			names = append(names, host+".local")
		}
	}
	addrs = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	found, err := net.InterfaceAddrs()
	if err != nil {
		return names, addrs
	}
	for _, a := range found {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() {
			addrs = append(addrs, n.IP)
		}
	}
	return names, addrs
}

// writeFile writes a file atomically and durably: after a power cut, too, it exists as a whole or not at all.
func writeFile(name string, data []byte, mode os.FileMode) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
