package broker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// The PROXY protocol, versions 1 and 2 (haproxy, doc/proxy-protocol.txt): a proxy that passes bytes on unchanged puts
// the client's address in front of them.
const (
	proxyLine    = 107 // bytes of the longest line of version 1, with its CRLF
	proxyHead    = 16  // bytes before the addresses of version 2
	proxyBlock   = 2048
	proxyStreams = 0x11 // version 2: TCP over IPv4
	proxyStream6 = 0x21 // and over IPv6
)

var (
	proxyText   = []byte("PROXY ")
	proxyBinary = []byte("\r\n\r\n\x00\r\nQUIT\n")
)

// proxied is a connection from a trusted proxy. It may begin with a header of the PROXY protocol, which is read before
// anything else; without one the proxy itself is the client, or says in X-Forwarded-For who is.
type proxied struct {
	net.Conn
	deadline time.Time      // for the header
	found    func(net.Addr) // is called with the client

	once sync.Once
	from net.Addr // nil: no header
	rest []byte   // bytes of the client that came with the header
	err  error
}

// Read returns the bytes after the header.
func (p *proxied) Read(buf []byte) (int, error) {
	p.once.Do(p.begin)
	switch {
	case p.err != nil:
		return 0, p.err
	case len(p.rest) > 0:
		n := copy(buf, p.rest)
		p.rest = p.rest[n:]
		return n, nil
	}
	return p.Conn.Read(buf)
}

// RemoteAddr returns the address of the client. It waits for the header.
func (p *proxied) RemoteAddr() net.Addr {
	p.once.Do(p.begin)
	if p.from != nil {
		return p.from
	}
	return p.Conn.RemoteAddr()
}

// begin reads the header, if there is one.
func (p *proxied) begin() {
	_ = p.Conn.SetReadDeadline(p.deadline)
	if p.from, p.rest, p.err = readProxy(p.Conn.Read); p.err != nil {
		_ = p.Conn.Close()
	} else if p.from != nil {
		p.found(p.from)
	}
}

// readProxy reads a header. Bytes read that do not belong to it are returned as rest; from is nil if there is no header,
// or one that names no client (health checks of the proxy itself).
func readProxy(read func([]byte) (int, error)) (from net.Addr, rest []byte, err error) {
	var buf []byte
	more := func() error {
		chunk := make([]byte, 512)
		n, err := read(chunk)
		if buf = append(buf, chunk[:n]...); n > 0 {
			return nil
		}
		return err
	}
	for {
		if err := more(); err != nil {
			return nil, buf, err
		}
		text, binary := begins(buf, proxyText), begins(buf, proxyBinary)
		switch {
		case !text && !binary:
			return nil, buf, nil
		case text && len(buf) >= len(proxyText):
			if end := bytes.Index(buf[:min(len(buf), proxyLine)], []byte("\r\n")); end >= 0 {
				from, err = proxyFromText(string(buf[len(proxyText):end]))
				return from, buf[end+2:], err
			}
			if len(buf) >= proxyLine {
				return nil, nil, errors.New("the line of the PROXY protocol has no end")
			}
		case binary && len(buf) >= proxyHead:
			length, err := proxyLength(buf)
			if err != nil {
				return nil, nil, err
			}
			if len(buf) >= proxyHead+length {
				return proxyFromBinary(buf[:proxyHead+length]), buf[proxyHead+length:], nil
			}
		}
	}
}

// begins reports whether buf begins with mark, as far as both go.
func begins(buf, mark []byte) bool {
	n := min(len(buf), len(mark))
	return bytes.Equal(buf[:n], mark[:n])
}

// proxyFromText reads version 1 after the word PROXY: TCP4 192.0.2.1 192.0.2.9 56324 443.
func proxyFromText(line string) (net.Addr, error) {
	words := strings.Split(line, " ")
	if words[0] == "UNKNOWN" {
		return nil, nil
	}
	if len(words) != 5 || words[0] != "TCP4" && words[0] != "TCP6" {
		return nil, fmt.Errorf("the PROXY protocol does not know %q", clip(line))
	}
	ip, err := netip.ParseAddr(words[1])
	if err != nil {
		return nil, fmt.Errorf("the PROXY protocol: %w", err)
	}
	var port uint16
	if _, err := fmt.Sscanf(words[3], "%d", &port); err != nil {
		return nil, fmt.Errorf("the PROXY protocol: %q is not a port", clip(words[3]))
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip.WithZone(""), port)), nil
}

// proxyLength is the number of bytes after the head of version 2.
func proxyLength(head []byte) (int, error) {
	if head[12]>>4 != 2 {
		return 0, fmt.Errorf("the PROXY protocol has no version %d", head[12]>>4)
	}
	length := int(binary.BigEndian.Uint16(head[14:16]))
	if length > proxyBlock {
		return 0, fmt.Errorf("a header of the PROXY protocol of %d bytes", length)
	}
	return length, nil
}

// proxyFromBinary reads version 2: source and destination address, source and destination port.
func proxyFromBinary(header []byte) net.Addr {
	command, kind, block := header[12]&0x0f, header[13], header[proxyHead:]
	const proxy = 1
	size := map[byte]int{proxyStreams: 4, proxyStream6: 16}[kind]
	if command != proxy || size == 0 || len(block) < 2*size+4 {
		return nil
	}
	ip, _ := netip.AddrFromSlice(block[:size])
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, binary.BigEndian.Uint16(block[2*size:])))
}
