package devices

import (
	"io"
	"net"
	"strings"
	"time"
)

// What begins the path of a port on a serial server.
const (
	tcpScheme     = "tcp://"     // tcp://192.168.1.20:4001: it passes bytes through
	rfc2217Scheme = "rfc2217://" // rfc2217://192.168.1.20:2217: it is told how to set up its line
)

// ServerAddress is host:port of the serial server that c names; "" if it names a port of this machine.
func (c PortConfig) ServerAddress() string {
	for _, scheme := range []string{tcpScheme, rfc2217Scheme} {
		if address, ok := strings.CutPrefix(c.Path, scheme); ok {
			return address
		}
	}
	return ""
}

// dialTime bounds one try to reach a serial server.
const dialTime = 3 * time.Second

// openServer connects to a serial server.
func openServer(c PortConfig) (io.ReadWriteCloser, error) {
	conn, err := dial(c.ServerAddress())
	if err != nil || !strings.HasPrefix(c.Path, rfc2217Scheme) {
		return conn, err
	}
	port, err := setUpServer(conn, c)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return port, nil
}

func dial(address string) (*tcpPort, error) {
	// Keep-alive probes find a server that vanished without a word: else the reader would wait for ever.
	d := net.Dialer{Timeout: dialTime, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, &Error{What: "the serial server " + address + " cannot be reached", Err: err,
			Try: "check the address, and what the server does at this port"}
	}
	return &tcpPort{c}, nil
}

type tcpPort struct{ net.Conn }

func (t *tcpPort) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if err == io.EOF {
		err = errHungUp
	}
	return n, err
}

func (t *tcpPort) Write(b []byte) (int, error) {
	if err := t.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return t.Conn.Write(b)
}
