package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answerTime limits the wait for a response to begin.
const answerTime = 10 * time.Second

// Client is a client of the API of one gateway. [NewClient] and [LocalClient] make one.
type Client struct {
	address        string // https://host:port
	user, password string
	http           *http.Client
}

// Trust determines the certificates that a [Client] accepts.
type Trust struct {
	// Certificates are accepted regardless of their names, and as authorities for others. If there are none, the
	// authorities of the system apply.
	Certificates []*x509.Certificate
	Anything     bool // even an invalid one
}

func (t Trust) config() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Anything}
	if t.Anything || len(t.Certificates) == 0 {
		return c
	}
	c.InsecureSkipVerify = true // it is verified below, which accepts certificates for other addresses
	c.VerifyConnection = func(s tls.ConnectionState) error {
		leaf := s.PeerCertificates[0]
		options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), DNSName: s.ServerName}
		for _, known := range t.Certificates {
			if leaf.Equal(known) {
				return nil
			}
			options.Roots.AddCert(known)
		}
		for _, between := range s.PeerCertificates[1:] {
			options.Intermediates.AddCert(between)
		}
		_, err := leaf.Verify(options)
		return err
	}
	return c
}

// addressError is an invalid address, with a suggestion.
type addressError struct{ what, try string }

func (e addressError) Error() string { return e.what }

// Hint returns the suggestion.
func (e addressError) Hint() string { return e.try }

// NewClient returns a [Client] of the gateway at address, for example https://192.168.1.10:8443. Its error has a hint.
func NewClient(address, user, password string, trust Trust) (*Client, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return nil, addressError{fmt.Sprintf("%q is not the address of a gateway", address), "write it like https://192.168.1.10:8443"}
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, addressError{"the API is not served over " + u.Scheme, "write an address such as https://192.168.1.10:8443"}
	case strings.Trim(u.Path, "/") != "":
		return nil, addressError{"the address has a path", "leave " + u.Path + " out"}
	}
	transport := &http.Transport{
		TLSClientConfig:       trust.config(),
		ResponseHeaderTimeout: answerTime,
		TLSHandshakeTimeout:   answerTime,
	}
	return &Client{u.Scheme + "://" + u.Host, user, password, &http.Client{Transport: transport}}, nil
}

// LocalClient returns a [Client] of the gateway that dial connects to: a socket of this machine, which needs no
// password.
func LocalClient(dial func(context.Context) (net.Conn, error)) *Client {
	transport := &http.Transport{ResponseHeaderTimeout: answerTime,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	return &Client{address: "http://gateway", http: &http.Client{Transport: transport}}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Ports lists the serial ports of the gateway.
func (c *Client) Ports(ctx context.Context) ([]Port, error) {
	body, err := c.get(ctx, "/api/ports")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var all Ports
	if err := json.NewDecoder(body).Decode(&all); err != nil {
		return nil, fmt.Errorf("the answer of %s makes no sense: %w", c.address, err)
	}
	return all.Ports, nil
}

// Wire calls see for each record of the wire of a port, in order. It returns when ctx ends, when see returns an error,
// or with io.EOF when the gateway closes the stream. Any other response is a [Failure].
func (c *Client) Wire(ctx context.Context, port string, see func(Sight) error) error {
	body, err := c.get(ctx, "/api/ports/"+url.PathEscape(port)+"/wire")
	if err != nil {
		return err
	}
	defer body.Close()
	for lines := json.NewDecoder(body); ; {
		var s Sight
		if err := lines.Decode(&s); err != nil {
			return err
		}
		if err := see(s); err != nil {
			return err
		}
	}
}

// get returns the body of a successful response. Any other response of the gateway is a Failure.
func (c *Client) get(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+path, nil)
	if err != nil {
		return nil, err
	}
	if c.user != "" {
		request.SetBasicAuth(c.user, c.password)
	}
	response, err := c.http.Do(request)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the method
		}
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer response.Body.Close()
	var failure struct{ Error Failure }
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&failure); err != nil || failure.Error.Code == "" {
		return nil, fmt.Errorf("%s answers %s: it is not a gateway, or an old one", c.address, response.Status)
	}
	return nil, failure.Error
}
