package devices

import (
	"io"
	"net"
	"time"
)

// tcpScheme begins the path of a port on a serial server: tcp://192.168.1.20:4001.
const tcpScheme = "tcp://"

// dialTime bounds one try to reach a serial server.
const dialTime = 3 * time.Second

// openTCP connects to a serial server that passes bytes through (raw, not RFC 2217).
func openTCP(address string) (io.ReadWriteCloser, error) {
	// Keep-alive probes find a server that vanished without a word: else the reader would wait for ever.
	d := net.Dialer{Timeout: dialTime, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, &Error{What: "the serial server " + address + " cannot be reached", Err: err,
			Try: "check the address and that the server passes raw bytes at this port"}
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
