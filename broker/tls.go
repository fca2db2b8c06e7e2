package broker

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	watchEvery = 2 * time.Second     // for new certificate files
	namesEvery = time.Minute         // for other names and addresses of the machine
	warnBefore = 14 * 24 * time.Hour // before a certificate expires
	warnEvery  = 24 * time.Hour
)

// identity is the certificate of the TLS port, which may be replaced while in use. nil stands for plain.
type identity struct {
	certFile, keyFile string
	own               *own // what the gateway has made for itself; nil: the files are the user's, and watched
	damage            error
	server            *tls.Config
	certs             atomic.Pointer[[]*tls.Certificate] // the newest first, at least one
	misnamed          func(hello *tls.ClientHelloInfo, names []string)

	// Of watchCertificate.
	stamp  string // of the files when they were last looked at
	looked time.Time
	warned time.Time
}

// suites are those of TLS 1.2 that encrypt and authenticate in one step (AEAD) with a key of their own for each
// connection; TLS 1.3 has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// newIdentity loads, or makes, the certificate that cfg asks for.
func newIdentity(cfg Config) (*identity, error) {
	id := &identity{}
	var err error
	switch cfg.TLS.Mode {
	case "off":
		return nil, nil
	case "", "self-signed":
		if id.own, id.damage, err = openOwn(cfg.DataDir, time.Now()); err == nil {
			id.certFile, id.keyFile = id.own.certFile(), id.own.keyFile()
			id.certs.Store(&id.own.certs)
		}
	case "files":
		id.certFile, id.keyFile = cfg.TLS.CertFile, cfg.TLS.KeyFile
		if id.certFile == "" || id.keyFile == "" {
			return nil, errors.New("broker.tls: mode files needs cert_file and key_file")
		}
		id.stamp = id.look()
		var cert *tls.Certificate
		if cert, err = loadPair(id.certFile, id.keyFile); err != nil {
			err = fmt.Errorf("broker.tls: %w", err)
		}
		id.certs.Store(&[]*tls.Certificate{cert})
	default:
		err = hint(fmt.Errorf("broker.tls: unknown mode %q", cfg.TLS.Mode), "use self-signed, files or off")
	}
	if err != nil {
		return nil, err
	}
	id.server = &tls.Config{
		MinVersion:                  tls.VersionTLS12,
		CipherSuites:                suites,
		NextProtos:                  []string{"http/1.1"}, // WebSockets need it
		DynamicRecordSizingDisabled: true,                 // fewer writes; a frame is read as a whole anyway
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert := choose(*id.certs.Load(), hello, time.Now())
			if name := hello.ServerName; name != "" && id.own == nil && id.misnamed != nil && cert.Leaf.VerifyHostname(name) != nil {
				id.misnamed(hello, namesOf(cert.Leaf))
			}
			return cert, nil
		},
	}
	return id, nil
}

// newest returns the certificate that new clients see.
func (id *identity) newest() *tls.Certificate { return (*id.certs.Load())[0] }

// loadPair reads a certificate with its chain and key, and checks that they belong together.
func loadPair(certFile, keyFile string) (*tls.Certificate, error) {
	certPEM, err := os.ReadFile(certFile)
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not a certificate and its key: %w", certFile, keyFile, err)
	}
	return &cert, checkChain(certFile, &cert)
}

// inDate reports whether a certificate is within its validity period now.
func inDate(leaf *x509.Certificate, now time.Time) error {
	if now.After(leaf.NotAfter) {
		return hint(fmt.Errorf("it expired on %s", leaf.NotAfter.Format(time.DateOnly)), "renew it")
	}
	if now.Before(leaf.NotBefore) {
		return hint(fmt.Errorf("it is not valid before %s", leaf.NotBefore.Format(time.DateOnly)), "check the clock of this machine")
	}
	return nil
}

// checkChain finds files whose certificates are in the wrong order or do not belong together. Whether the last one is
// trusted is for the clients to decide.
func checkChain(certFile string, cert *tls.Certificate) error {
	child := cert.Leaf
	for _, der := range cert.Certificate[1:] {
		parent, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("%s: the chain is damaged: %w", certFile, err)
		}
		if err := child.CheckSignatureFrom(parent); err != nil {
			return hint(fmt.Errorf("%s: %q is not signed by %q, which follows it: %w",
				certFile, child.Subject.CommonName, parent.Subject.CommonName, err), "put the certificate first, then each issuer")
		}
		child = parent
	}
	return nil
}

// look summarises the state of the files, through symbolic links, without reading them.
func (id *identity) look() string {
	var b strings.Builder
	for _, name := range []string{id.certFile, id.keyFile} {
		if info, err := os.Stat(name); err != nil {
			fmt.Fprintln(&b, err)
		} else {
			fmt.Fprintln(&b, info.Size(), info.ModTime().UnixNano(), inode(info))
		}
	}
	return b.String()
}

// inode distinguishes two files of one name, as after a rename or a changed link.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}

// refresh loads the files again if they changed. Certificate and key are swapped together or not at all.
func (id *identity) refresh(log *slog.Logger) {
	stamp := id.look()
	if stamp == id.stamp {
		return
	}
	id.stamp = stamp
	cert, err := loadPair(id.certFile, id.keyFile)
	if err == nil {
		err = inDate(cert.Leaf, time.Now())
	}
	if err != nil {
		log.Error("the new certificate is not used; the old one stays", "error", err, "hint", hintOf(err))
		return
	}
	id.certs.Store(&[]*tls.Certificate{cert})
	id.warned = time.Time{}
	id.announce(log)
	for _, a := range examine(cert, false, time.Now()) { // those of the config are known from reading it
		log.Warn(a.What, "file", id.certFile, "hint", a.Try)
	}
}

// renew makes another certificate of the gateway's own if the machine has another name or address, or the newest one
// ends soon.
func (id *identity) renew(log *slog.Logger, now time.Time) {
	if now.Sub(id.looked) < namesEvery {
		return
	}
	id.looked = now
	before := id.newest()
	id.own.unsaved = id.own.renew(now)
	if id.own.certs[0] == before {
		return
	}
	certs := slices.Clone(id.own.certs)
	id.certs.Store(&certs)
	log.Info("this machine has another name or address, or its certificate ends soon: it has a new one with the same key")
	id.announce(log)
}

// announce logs which certificates are in use. A person compares the fingerprint with the one that the client shows.
func (id *identity) announce(log *slog.Logger) {
	if id == nil {
		log.Info("no TLS: passwords are sent unencrypted unless a proxy encrypts")
		return
	}
	if id.damage != nil {
		log.Error("the gateway's own certificate was damaged, and it has made a new one; clients that trusted the old one ask again",
			"error", id.damage, "hint", "is the disk failing? the damaged files are kept beside the new ones")
	}
	if id.own != nil && id.own.unsaved != nil {
		log.Error("the gateway's new certificate is not on the disk: the next start makes another one", "error", id.own.unsaved)
	}
	for _, c := range *id.certs.Load() {
		sum := sha256.Sum256(c.Leaf.Raw)
		log.Info("certificate", "file", id.certFile, "sha256", hex.EncodeToString(sum[:]), "until", c.Leaf.NotAfter.Format(time.DateOnly),
			"names", strings.Join(namesOf(c.Leaf), " "))
	}
}

// remind warns once a day if the certificate is about to expire, or is not valid. At the start such a one is used all
// the same: the clock may be wrong, and the plain listeners and the boards need no certificate.
func (id *identity) remind(log *slog.Logger, now time.Time) {
	leaf := id.newest().Leaf
	if now.Sub(id.warned) < warnEvery || leaf.NotAfter.Sub(now) > warnBefore && !now.Before(leaf.NotBefore) {
		return
	}
	id.warned = now
	if err := inDate(leaf, now); err != nil {
		log.Error("clients refuse the certificate", "file", id.certFile, "error", err, "hint", hintOf(err))
		return
	}
	log.Warn("the certificate ends soon; renew it", "file", id.certFile, "until", leaf.NotAfter)
}

// watchCertificate notices new files, other names of the machine, and a certificate that is about to expire.
func (b *Broker) watchCertificate() {
	defer b.running.Done()
	for {
		if id := b.identity.Load(); id != nil {
			if id.own != nil {
				id.renew(b.log, time.Now())
			} else {
				id.refresh(b.log)
			}
			id.remind(b.log, time.Now())
		}
		if !b.sleep(watchEvery) {
			return
		}
	}
}
