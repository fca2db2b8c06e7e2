package broker

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Advice is something about a certificate that clients will not accept, and what to try.
type Advice struct{ What, Try string }

// Certificate is what a person wants to know about a pair of files.
type Certificate struct {
	Names  []string // the names and addresses that clients may use
	Until  time.Time
	Advice []Advice
}

// Examine looks at the files of a certificate as the gateway does at its start, for a check without starting it. An error
// means that the gateway would not start.
func Examine(certFile, keyFile string, now time.Time) (Certificate, error) {
	cert, err := loadPair(certFile, keyFile)
	if err != nil {
		return Certificate{}, err
	}
	c := Certificate{Names: namesOf(cert.Leaf), Until: cert.Leaf.NotAfter, Advice: examine(cert, false, now)}
	if err := inDate(cert.Leaf, now); err != nil {
		c.Advice = append(c.Advice, Advice{"clients refuse the certificate: " + err.Error(), hintOf(err)})
	}
	return c, nil
}

// namesOf returns the names and addresses of a certificate.
func namesOf(leaf *x509.Certificate) []string {
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// examine finds why clients refuse a certificate whose dates are right. own is a certificate that the gateway has made,
// which nobody else has signed.
func examine(cert *tls.Certificate, own bool, now time.Time) (all []Advice) {
	leaf := cert.Leaf
	if len(namesOf(leaf)) == 0 {
		all = append(all, Advice{fmt.Sprintf("the certificate has no name of a host: clients only look there, and not at its subject %q", leaf.Subject.CommonName),
			"have it issued again, with a subject alternative name (SAN)"})
	}
	if own || signedByItself(leaf) || len(cert.Certificate) > 1 {
		return all
	}
	if _, err := leaf.Verify(x509.VerifyOptions{CurrentTime: middle(leaf, now)}); err != nil {
		all = append(all, Advice{fmt.Sprintf("the file contains no certificate of %q, which has signed this one: phones refuse it", leaf.Issuer.CommonName),
			"use the file with the whole chain (fullchain.pem), or append the certificate of the issuer"})
	}
	return all
}

// middle returns now, or a time at which the certificate is valid.
func middle(leaf *x509.Certificate, now time.Time) time.Time {
	if inDate(leaf, now) == nil {
		return now
	}
	return leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
}

func signedByItself(leaf *x509.Certificate) bool {
	return leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

// advice returns what is wrong with the certificate in use, except that it ends.
func (id *identity) advice(now time.Time) []Advice {
	all := examine(id.newest(), id.own != nil, now)
	if id.damage != nil {
		all = append(all, Advice{"the gateway's own certificate was damaged, and it has made a new one; clients that trusted the old one ask again",
			"is the disk failing? the damaged files are kept beside the new ones"})
	}
	return all
}
