package broker

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	certYears   = 10
	renewBefore = 30 * 24 * time.Hour // before a certificate of the gateway's own ends
	maxOwn      = 8                   // certificates of its own that are kept; the oldest are dropped
	maxNames    = 64                  // addresses in one of them; those of today come first
)

// own is what the gateway makes for itself under dataDir/tls: a key, and certificates for it, the newest first. A new
// certificate is made when the machine has another name or address, or the old one ends. The older ones stay: a client
// that has been told to trust one of them keeps seeing it.
type own struct {
	dir   string
	key   crypto.Signer
	certs []*tls.Certificate // at least one

	unsaved error // why the newest one is not on the disk; nil: it is
}

func (o *own) certFile() string { return filepath.Join(o.dir, "cert.pem") }
func (o *own) keyFile() string  { return filepath.Join(o.dir, "key.pem") }

// openOwn loads what was made before, and makes what is missing, damaged or no longer fits. damage is what was found
// damaged, nil if nothing was. Damaged files are kept beside the new ones. If not even those can be written, as on a
// card that has become read-only, the new ones are used without.
func openOwn(dataDir string, now time.Time) (o *own, damage error, err error) {
	if dataDir == "" {
		return nil, nil, errors.New("broker.tls: a self-signed certificate is stored in gateway.data_dir, which is not set")
	}
	o = &own{dir: filepath.Join(dataDir, "tls")}
	damage, err = o.read()
	if err != nil {
		return nil, nil, fmt.Errorf("broker.tls: %w", err)
	}
	first := damage == nil && len(o.certs) == 0
	if o.unsaved = o.renew(now); o.unsaved != nil && (first || len(o.certs) == 0) {
		return nil, nil, fmt.Errorf("broker.tls: %w", o.unsaved)
	}
	return o, damage, nil
}

// read reads the files. Those that are damaged are renamed. err is a reason that a person must remove.
func (o *own) read() (damage, err error) {
	keyPEM, keyErr := os.ReadFile(o.keyFile())
	certPEM, certErr := os.ReadFile(o.certFile())
	for _, err := range []error{keyErr, certErr} {
		switch {
		case errors.Is(err, fs.ErrPermission):
			return nil, hint(err, "run the gateway as the user who owns it")
		case errors.Is(err, syscall.ENOTDIR):
			return nil, err
		}
	}
	if keyErr == nil {
		o.key, keyErr = parseKey(keyPEM)
	}
	if keyErr != nil && !errors.Is(keyErr, fs.ErrNotExist) {
		damage = fmt.Errorf("%s: %w", o.keyFile(), keyErr)
		o.setAside(o.keyFile())
	}
	if certErr == nil {
		certErr = o.takeCertificates(certPEM)
	}
	if certErr != nil && o.key != nil && intact(certPEM) {
		// It fits no key but one that this one was before.
		damage = fmt.Errorf("%s: %w", o.keyFile(), errors.New("it is not the key of the certificate"))
		o.key = nil
		o.setAside(o.keyFile())
	}
	if certErr != nil && !errors.Is(certErr, fs.ErrNotExist) {
		damage = errors.Join(damage, fmt.Errorf("%s: %w", o.certFile(), certErr))
		o.setAside(o.certFile())
	}
	return damage, nil
}

func (o *own) setAside(file string) { _ = os.Rename(file, file+".damaged") }

// intact reports whether the first certificate has the signature that its own key made. One bit of a key on the disk can
// make another valid key of it.
func intact(certPEM []byte) bool {
	block, _ := pem.Decode(certPEM)
	if block == nil {
		return false
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	return err == nil && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

func parseKey(keyPEM []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, errors.New("it contains no key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("it contains no key")
	}
	return signer, nil
}

// takeCertificates keeps the certificates that belong to the key. The error is about the others.
func (o *own) takeCertificates(certPEM []byte) error {
	if o.key == nil {
		return errors.New("there is no key for it")
	}
	blocks := 0
	for rest := certPEM; ; blocks++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		// One flipped bit in a name leaves a certificate that can be read; only its signature shows it.
		if ok && public.Equal(o.key.Public()) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil {
			o.certs = append(o.certs, o.pair(leaf))
		}
	}
	if begun := bytes.Count(certPEM, []byte("-----BEGIN")); len(o.certs) == 0 || len(o.certs) < max(blocks, begun) {
		return errors.New("it does not belong to the key, or it was changed")
	}
	return nil
}

func (o *own) pair(leaf *x509.Certificate) *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: o.key, Leaf: leaf}
}

// renew makes a key and a certificate if there is none, and another certificate if the newest one no longer fits. After
// an error the new ones are in use, but not on the disk.
func (o *own) renew(now time.Time) error {
	names, addrs := ownNames()
	if len(o.certs) > 0 && o.fits(names, lasting(addrs), now) {
		return nil
	}
	var keyPEM []byte
	if o.key == nil {
		var err error
		if o.key, keyPEM, err = makeKey(); err != nil {
			return err
		}
		o.certs = nil
	}
	if len(o.certs) > 0 { // a machine that returns to an earlier network needs no new one
		before := o.certs[0].Leaf.IPAddresses
		addrs = append(addrs, slices.DeleteFunc(slices.Clone(before), func(ip net.IP) bool { return slices.ContainsFunc(addrs, ip.Equal) })...)
		addrs = addrs[:min(len(addrs), maxNames)]
	}
	leaf, err := sign(o.key, names, addrs, now)
	if err != nil {
		return err
	}
	o.certs = append([]*tls.Certificate{o.pair(leaf)}, o.certs...)
	o.certs = o.certs[:min(len(o.certs), maxOwn)]
	return o.write(keyPEM)
}

// fits reports whether the newest certificate is for all names and addresses, and does not end soon.
func (o *own) fits(names []string, addrs []net.IP, now time.Time) bool {
	leaf := o.certs[0].Leaf
	for _, ip := range addrs {
		names = append(names, ip.String())
	}
	return now.Before(leaf.NotAfter.Add(-renewBefore)) &&
		!slices.ContainsFunc(names, func(name string) bool { return leaf.VerifyHostname(name) != nil })
}

// choose returns one of certs for a client: the oldest one that fits the name it asks for, or else the address it has
// come to. The client may have been told to trust that one.
func choose(certs []*tls.Certificate, hello *tls.ClientHelloInfo, now time.Time) *tls.Certificate {
	if len(certs) == 1 {
		return certs[0]
	}
	name := hello.ServerName
	if name == "" && hello.Conn != nil {
		if host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String()); err == nil {
			name = host
		}
	}
	for _, c := range slices.Backward(certs) {
		if now.Before(c.Leaf.NotAfter.Add(-renewBefore)) && c.Leaf.VerifyHostname(name) == nil {
			return c
		}
	}
	return certs[0]
}

// write writes the certificates, and the key if keyPEM is not nil. The certificates come last: if they exist, so does
// the key.
func (o *own) write(keyPEM []byte) error {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	if keyPEM != nil {
		if err := writeFile(o.keyFile(), keyPEM, 0o600); err != nil {
			return err
		}
	}
	var certPEM []byte
	for _, c := range o.certs {
		certPEM = append(certPEM, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Leaf.Raw})...)
	}
	if err := writeFile(o.certFile(), certPEM, 0o644); err != nil {
		return err
	}
	return syncDir(filepath.Dir(o.dir))
}

func makeKey() (key *ecdsa.PrivateKey, keyPEM []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// sign makes an ECDSA P-256 certificate. It is valid from 1970 on, and its years count from January 2026 at the
// earliest, since a Pi without a clock starts in the past.
func sign(key crypto.Signer, names []string, addrs []net.IP, now time.Time) (*x509.Certificate, error) {
	earliest := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if now.Before(earliest) {
		now = earliest
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
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
		return nil, err
	}
	return x509.ParseCertificate(der)
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

// lasting returns the addresses that a client may be told to use: not those of IPv6 that change every day (RFC 8981),
// nor those that are valid on one link only.
func lasting(addrs []net.IP) []net.IP {
	temporary := temporaryAddrs()
	return slices.DeleteFunc(slices.Clone(addrs), func(ip net.IP) bool {
		return ip.IsLinkLocalUnicast() || temporary[ip.String()]
	})
}

// temporaryAddrs are the temporary addresses of this machine. /proc/self/net/if_inet6 has a line for each address: 32 digits,
// the interface, the length of the prefix, the scope, and the flags (IFA_F_TEMPORARY is 1).
func temporaryAddrs() map[string]bool {
	table, err := os.ReadFile("/proc/self/net/if_inet6")
	if err != nil {
		return nil
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		column := strings.Fields(line)
		if len(column) < 5 {
			continue
		}
		ip, err := hex.DecodeString(column[0])
		flags, ferr := strconv.ParseUint(column[4], 16, 32)
		if err == nil && ferr == nil && flags&1 != 0 {
			found[net.IP(ip).String()] = true
		}
	}
	return found
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
