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
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	watchEvery = 2 * time.Second     // for new certificate files
	warnBefore = 14 * 24 * time.Hour // before a certificate expires
	warnEvery  = 24 * time.Hour
)

// identity is the certificate of the TLS port, which may be replaced while in use. nil stands for plain.
type identity struct {
	certFile, keyFile string
	watched           bool
	server            *tls.Config
	current           atomic.Pointer[tls.Certificate]

	// Of watchCertificate.
	stamp  string // of the files when they were last looked at
	warned time.Time
}

// newIdentity loads, or makes, the certificate that cfg asks for.
func newIdentity(cfg Config) (*identity, error) {
	id := &identity{}
	var err error
	switch cfg.TLS.Mode {
	case "off":
		return nil, nil
	case "", "self-signed":
		id.certFile, id.keyFile, err = selfSigned(cfg.DataDir)
	case "files":
		id.certFile, id.keyFile, id.watched = cfg.TLS.CertFile, cfg.TLS.KeyFile, true
		if id.certFile == "" || id.keyFile == "" {
			err = errors.New("broker.tls: mode files needs cert_file and key_file")
		}
	default:
		err = hint(fmt.Errorf("broker.tls: unknown mode %q", cfg.TLS.Mode), "use self-signed, files or off")
	}
	if err != nil {
		return nil, err
	}
	id.stamp = id.look()
	cert, err := loadPair(id.certFile, id.keyFile)
	if err != nil {
		return nil, fmt.Errorf("broker.tls: %w", err)
	}
	id.current.Store(cert)
	id.server = &tls.Config{
		MinVersion:                  tls.VersionTLS12,
		NextProtos:                  []string{"http/1.1"}, // WebSockets need it
		DynamicRecordSizingDisabled: true,                 // fewer writes; a frame is read as a whole anyway
		GetCertificate:              func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return id.current.Load(), nil },
	}
	return id, nil
}

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
	id.current.Store(cert)
	id.warned = time.Time{}
	id.announce(log)
}

// announce logs which certificate is in use. A person compares the fingerprint with the one that the client shows.
func (id *identity) announce(log *slog.Logger) {
	if id == nil {
		log.Info("no TLS: passwords are sent unencrypted unless a proxy encrypts")
		return
	}
	leaf := id.current.Load().Leaf
	sum := sha256.Sum256(leaf.Raw)
	log.Info("certificate", "file", id.certFile, "sha256", hex.EncodeToString(sum[:]), "until", leaf.NotAfter.Format(time.DateOnly))
}

// remind warns once a day if the certificate is about to expire, or is not valid. At the start such a one is used all
// the same: the clock may be wrong, and the plain listeners and the boards need no certificate.
func (id *identity) remind(log *slog.Logger, now time.Time) {
	leaf := id.current.Load().Leaf
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

// watchCertificate notices new files and a certificate that is about to expire.
func (b *Broker) watchCertificate() {
	defer b.running.Done()
	for {
		if id := b.identity.Load(); id != nil {
			if id.watched {
				id.refresh(b.log)
			}
			id.remind(b.log, time.Now())
		}
		if !b.sleep(watchEvery) {
			return
		}
	}
}
