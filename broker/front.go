package broker

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// front is what the config says about the way to this broker: the proxies in front of it, and the pages of other
// addresses that may use it. It is never changed, only replaced.
type front struct {
	proxies []netip.Prefix
	origins map[string]bool // as originOf writes them
	plain   bool            // without TLS there is a proxy in front, or nobody else on the network
}

func newFront(c Config) (*front, error) {
	f := &front{origins: map[string]bool{}, plain: c.TLS.Mode == "off"}
	for _, text := range c.TrustedProxies {
		prefix, err := parseProxy(text)
		if err != nil {
			return nil, fmt.Errorf("broker.trusted_proxies: %w", err)
		}
		f.proxies = append(f.proxies, prefix)
	}
	for _, text := range c.Origins {
		origin, err := parseOrigin(text)
		if err != nil {
			return nil, fmt.Errorf("broker.origins: %w", err)
		}
		f.origins[origin] = true
	}
	return f, nil
}

// CheckProxy returns an error if text is not valid in trusted_proxies.
func CheckProxy(text string) error {
	_, err := parseProxy(text)
	return err
}

// parseProxy reads an address, or a subnet in CIDR notation.
func parseProxy(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap().WithZone("")
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, hint(fmt.Errorf("%q is not an address", text), "write the address of the proxy, for example 127.0.0.1 or 10.0.0.0/24")
	case prefix.Bits() == 0:
		return netip.Prefix{}, hint(fmt.Errorf("%q trusts everybody", text), "write the address of the proxy alone: a trusted one can claim any address")
	}
	return prefix.Masked(), nil
}

// trusts reports whether ip is a proxy that may say for whom it speaks.
func (f *front) trusts(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, proxy := range f.proxies {
		if proxy.Contains(ip) {
			return true
		}
	}
	return false
}

// maxHops is how many proxies in a row are followed.
const maxHops = 16

// forwardedFor finds the client in the lines of X-Forwarded-For. Each proxy adds the address that it saw to the end, so
// the last one that is not itself a trusted proxy is the client; anything before it is only a claim of that client.
func (f *front) forwardedFor(lines []string) (client netip.Addr, ok bool) {
	hops := strings.Split(strings.Join(lines, ","), ",")
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxHops; i-- {
		ip, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			return client, ok
		}
		if client, ok = ip, true; !f.trusts(ip) {
			return client, true
		}
	}
	return client, ok
}

// parseHop reads one element of X-Forwarded-For: an address, which some proxies write with a port.
func parseHop(text string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone(""), nil
	}
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return ip.Unmap().WithZone(""), err
}

// miniPrograms is the origin of every WeChat mini-program; some phones send it and others send none.
const miniPrograms = "https://servicewechat.com"

// CheckOrigin returns an error if text is not valid in origins.
func CheckOrigin(text string) error {
	_, err := parseOrigin(text)
	return err
}

func parseOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", hint(fmt.Errorf("%q is not an origin", text), "write scheme, host and port as the browser shows them, for example https://panel.example.com")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", hint(fmt.Errorf("%q is more than an origin", text), fmt.Sprintf("write %q", u.Scheme+"://"+u.Host))
	}
	return originOf(u), nil
}

// originOf writes an origin in one way: lower case, the port of the scheme left out.
func originOf(u *url.URL) string {
	scheme := strings.ToLower(u.Scheme)
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}

var errForeign = errors.New("a page of another address may not use this")

// foreign returns an error if a request was made by a page that came from elsewhere: a browser then carries it out with
// its owner's access to the network. Requests of programs have no origin, those of local files null.
func (f *front) foreign(r *http.Request) error {
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil {
			return errForeign
		}
		web := strings.EqualFold(u.Scheme, "http") || strings.EqualFold(u.Scheme, "https")
		if !web {
			continue // none, null, and programs with a scheme of their own
		}
		if known := originOf(u); !f.origins[known] && known != miniPrograms && !f.sameHost(u, r) {
			return errForeign
		}
	}
	return nil
}

// sameHost reports whether an origin is the address that the request was made to. Of a host without a port the proxy in
// front has removed it, as $host of nginx does.
func (f *front) sameHost(origin *url.URL, r *http.Request) bool {
	hosts := []string{r.Host}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && f.trusts(peer.Addr()) {
		hosts = append(hosts, r.Header.Values("X-Forwarded-Host")...)
	}
	for _, host := range hosts {
		at := &url.URL{Scheme: origin.Scheme, Host: host}
		samePort := at.Port() == "" || at.Port() == portOf(origin)
		if host != "" && samePort && strings.EqualFold(at.Hostname(), origin.Hostname()) {
			return true
		}
	}
	return false
}

// portOf is the port of an origin.
func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "http"):
		return "80"
	}
	return "443"
}
