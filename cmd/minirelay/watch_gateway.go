package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"minirelay/api"
	"minirelay/broker"
	"minirelay/configs"
	"minirelay/devices/capture"
)

// passwordVariable is the environment variable with the password of -user. If it is not set, the user is asked.
const passwordVariable = "MINIRELAY_PASSWORD"

// retryAfter is the delay between attempts to reach a gateway that has gone.
const retryAfter = 2 * time.Second

// remoteFlags are the address of the gateway and the user to log in as.
type remoteFlags struct {
	gateway, user, certificate string
	config                     string // the path of the config, which may have the user's password; "" for none
	insecure                   bool
}

func (f *remoteFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&f.gateway, "gateway", "", "read the port through the API of a running gateway, for example https://192.168.1.10:8443")
	flags.StringVar(&f.user, "user", "", "an admin of that gateway; the password is taken from $"+passwordVariable+",\n\tfrom the config if it is there, or asked for")
	flags.StringVar(&f.certificate, "ca", "", "PEM file with the gateway's certificate, or with the certificate of its issuer")
	flags.BoolVar(&f.insecure, "insecure", false, "accept any certificate; only for a network that you trust")
}

// source watches a port over the API of a gateway: the given one, or else the gateway of the config, which holds the
// port. That gateway is reached over its socket, if this user may open it, and otherwise over the network.
func (f *remoteFlags) source(ctx context.Context, env *env, name string, config *configs.Config) (*source, error) {
	var closed error // why the socket cannot be used
	if f.gateway == "" && f.user == "" {
		client := api.LocalClient(func(ctx context.Context) (net.Conn, error) { return dialGateway(ctx, config.Gateway.DataDir) })
		s, err := remoteSource(ctx, client, "this machine", "", name)
		if err == nil || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			return s, err
		}
		closed = err
	}
	s, err := f.overNetwork(ctx, env, name, config)
	if err != nil && errors.Is(closed, fs.ErrPermission) {
		return nil, userError{"no permission to ask the gateway that holds the port", "run it as the gateway's user, or with sudo; or name an admin of the config with -user"}
	}
	return s, err
}

// overNetwork asks for a user and a password.
func (f *remoteFlags) overNetwork(ctx context.Context, env *env, name string, config *configs.Config) (*source, error) {
	trust := api.Trust{Anything: f.insecure}
	address, certificate := f.gateway, f.certificate
	var err error
	if address == "" {
		if address, err = addressIn(config); err != nil {
			return nil, err
		}
		certificate = cmp.Or(certificate, certificateIn(config))
	}
	if certificate != "" {
		if trust.Certificates, err = readCertificates(certificate); err != nil {
			return nil, err
		}
	}
	user, password, err := f.login(ctx, env, config)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(address, user, password, trust)
	if err != nil {
		return nil, usageErrorOf(err)
	}
	return remoteSource(ctx, client, address, user, name)
}

// remoteSource is a port of the gateway that client connects to.
func remoteSource(ctx context.Context, client *api.Client, address, user, name string) (*source, error) {
	port, err := remotePort(ctx, client, name)
	if err != nil {
		client.Close()
		return nil, remoteError(address, user, err)
	}
	return &source{capture.Header{Port: port.Port, Path: port.Path}, func(ctx context.Context, see func(sight) error) error {
		defer client.Close()
		return remoteError(address, user, follow(ctx, client, port.Port, see))
	}}, nil
}

// usageErrorOf turns an error with a hint after a semicolon into an error of the command line.
func usageErrorOf(err error) error {
	what, try, _ := describe(err)
	return usageError{what, try}
}

// follow shows the wire, even across restarts of the gateway.
func follow(ctx context.Context, client *api.Client, port string, see func(sight) error) error {
	for {
		err := client.Wire(ctx, port, func(s api.Sight) error { return see(sight{s, time.UnixMilli(s.TS)}) })
		var failure api.Failure
		if ctx.Err() != nil {
			return nil
		}
		if errors.As(err, &failure) {
			return err
		}
		trouble := "the gateway has ended the connection"
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) {
			trouble = "the gateway cannot be reached: " + err.Error()
		}
		closed := false
		if err := see(sight{api.Sight{TS: time.Now().UnixMilli(), Open: &closed, Trouble: &trouble}, time.Now()}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryAfter):
		}
	}
}

// remotePort finds a port of a gateway by its id, its path, or a device on it.
func remotePort(ctx context.Context, client *api.Client, name string) (api.Port, error) {
	ports, err := client.Ports(ctx)
	if err != nil {
		return api.Port{}, err
	}
	var ids []string
	for _, p := range ports {
		if p.Port == name || p.Path == name || slices.Contains(p.Devices, name) {
			return p, nil
		}
		ids = append(append(ids, p.Port), p.Devices...)
	}
	slices.Sort(ids)
	try := "it has " + strings.Join(slices.Compact(ids), ", ")
	if meant, ok := configs.Nearest(name, ids); ok {
		try = "did you mean " + meant + "?"
	}
	if len(ids) == 0 {
		try = "its config does not describe any device"
	}
	return api.Port{}, userError{fmt.Sprintf("the gateway has no port and no device %q", name), try}
}

// remoteError explains why a gateway cannot be watched.
func remoteError(address, user string, err error) error {
	var failure api.Failure
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown), errors.As(err, &name):
		return userError{fmt.Sprintf("the certificate of %s is not trusted: %v", address, err),
			"give the gateway's own certificate with -ca (DATA_DIR/tls/cert.pem there), or -insecure on a network that you trust"}
	case !errors.As(err, &failure):
		var hinted interface{ Hint() string }
		if errors.As(err, &hinted) {
			return err
		}
		return unreachable{userError{fmt.Sprintf("the gateway at %s cannot be reached: %v", address, err), "is it running there? -gateway sets another address"}, err}
	case failure.Code == "unauthorized":
		return userError{fmt.Sprintf("the gateway does not accept this password for %q", user), "-user names an admin of its config; the password is taken from $" + passwordVariable + " or asked for"}
	case failure.Code == "forbidden":
		return userError{fmt.Sprintf("%q is not an admin: %s", user, failure.Message), `give the user role = "admin" in the config, or name another with -user`}
	}
	return userError{failure.Message, "try again in a moment"}
}

// unreachable is the error for a gateway that cannot be reached, with the system's message.
type unreachable struct {
	userError
	cause error
}

func (e unreachable) Unwrap() error { return e.cause }

// addressIn returns the address of the API, on this machine, of the gateway of a config.
func addressIn(config *configs.Config) (string, error) {
	host, port, err := net.SplitHostPort(config.Broker.Listen)
	if err != nil || port == "0" {
		return "", userError{"a gateway holds the port, and its config does not say where it listens", "give its address: -gateway https://127.0.0.1:PORT, as its ready line says"}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "https://"
	if config.Broker.TLS.Mode == "off" {
		scheme = "http://"
	}
	return scheme + net.JoinHostPort(host, port), nil
}

// certificateIn returns the certificate file of a config's gateway, if this user may read it.
func certificateIn(config *configs.Config) string {
	path := filepath.Join(config.Gateway.DataDir, "tls", "cert.pem")
	if config.Broker.TLS.Mode == "files" {
		path = config.Broker.TLS.CertFile
	}
	f, err := os.Open(path)
	if err != nil {
		return "" // then the certificate must be valid by itself
	}
	f.Close()
	return path
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, userError{path + ": " + err.Error(), "is it a certificate in PEM?"}
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, userError{path + " contains no certificate", "it begins with -----BEGIN CERTIFICATE-----"}
	}
	return all, nil
}

// configPassword returns the password of a user in the config, if it is there and this user may read it. Only now is a
// secret needed.
func (f *remoteFlags) configPassword(user string) string {
	config, err := configs.Load(f.config)
	if f.config == "" || err != nil {
		return ""
	}
	for _, u := range config.Broker.Users {
		if u.ID == user {
			return u.Password.Value()
		}
	}
	return ""
}

// login returns the user to log in as: the user of -user, or the config's first admin.
func (f *remoteFlags) login(ctx context.Context, env *env, config *configs.Config) (user, password string, err error) {
	user = f.user
	if config != nil {
		i := slices.IndexFunc(config.Broker.Users, func(u broker.UserConfig) bool {
			return u.ID == user || user == "" && u.Role == "admin"
		})
		if i >= 0 {
			user = config.Broker.Users[i].ID
		}
	}
	if user == "" {
		try := "-user ADMIN names an admin of the gateway"
		if config != nil {
			try = `a gateway holds the port, and its config has no user with role = "admin": add one, or stop the gateway`
		}
		return "", "", userError{"the gateway shows its wires to admins only", try}
	}
	if given := os.Getenv(passwordVariable); given != "" {
		return user, given, nil
	}
	if password = f.configPassword(user); password != "" {
		return user, password, nil
	}
	in, ok := env.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", "", userError{fmt.Sprintf("the password of %q is not known", user), "set $" + passwordVariable + ", or type it at a terminal"}
	}
	password, err = ask(ctx, env, in, fmt.Sprintf("Password of %s", user))
	return user, password, err
}
