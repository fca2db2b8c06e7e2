package broker

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/mochi-mqtt/server/v2/packets"
)

// rawClient speaks MQTT packet by packet, so that a test can do things that no library does.
type rawClient struct {
	t       testing.TB
	conn    net.Conn
	r       *bufio.Reader
	version byte
}

// raw opens a connection to the plain MQTT port and sends nothing.
func (b *testBroker) raw(t testing.TB, version byte) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addrs().MQTT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rawClient{t: t, conn: conn, r: bufio.NewReader(conn), version: version}
}

// rawFrom is raw from another address: this machine is a trusted proxy.
func (b *testBroker) rawFrom(t testing.TB, version byte, address string) *rawClient {
	t.Helper()
	c := b.raw(t, version)
	if _, err := fmt.Fprintf(c.conn, "PROXY TCP4 %s 127.0.0.1 50000 1883\r\n", address); err != nil {
		t.Fatal(err)
	}
	return c
}

// login connects user under a client id; change may alter the CONNECT. It returns the CONNACK.
func (c *rawClient) login(user, id string, change func(*packets.Packet)) packets.Packet {
	c.t.Helper()
	pk := connectPacket(c.version, user, id)
	if change != nil {
		change(&pk)
	}
	c.send(pk)
	return c.read()
}

func connectPacket(version byte, user, id string) packets.Packet {
	return packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, ProtocolVersion: version,
		Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), Clean: true, Keepalive: 30, ClientIdentifier: id,
			Username: []byte(user), UsernameFlag: true, Password: []byte(user), PasswordFlag: true}}
}

// connected is a client that has logged in.
func (b *testBroker) connected(t testing.TB, version byte, user, id string, change func(*packets.Packet)) *rawClient {
	t.Helper()
	c := b.raw(t, version)
	if ack := c.login(user, id, change); ack.FixedHeader.Type != packets.Connack || ack.ReasonCode != 0 {
		t.Fatalf("CONNACK: type %d, code %#x", ack.FixedHeader.Type, ack.ReasonCode)
	}
	return c
}

func encode(t testing.TB, pk packets.Packet) []byte {
	t.Helper()
	pk.Mods.AllowResponseInfo = true
	var b bytes.Buffer
	encoders := map[byte]func(*bytes.Buffer) error{
		packets.Connect: pk.ConnectEncode, packets.Publish: pk.PublishEncode, packets.Puback: pk.PubackEncode,
		packets.Subscribe: pk.SubscribeEncode, packets.Unsubscribe: pk.UnsubscribeEncode, packets.Pingreq: pk.PingreqEncode,
		packets.Disconnect: pk.DisconnectEncode, packets.Pubrel: pk.PubrelEncode,
	}
	if err := encoders[pk.FixedHeader.Type](&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (c *rawClient) send(pk packets.Packet) {
	c.t.Helper()
	pk.ProtocolVersion = c.version
	c.write(encode(c.t, pk))
}

func (c *rawClient) write(p []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next packet; its type is 0 if the broker closed the connection.
func (c *rawClient) read() packets.Packet {
	c.t.Helper()
	pk, err := c.next(soon)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("no packet came")
	}
	return pk
}

func (c *rawClient) next(wait time.Duration) (pk packets.Packet, err error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(wait))
	head, err := c.r.ReadByte()
	if err != nil {
		return pk, err
	}
	if err = pk.FixedHeader.Decode(head); err != nil {
		return pk, err
	}
	if pk.FixedHeader.Remaining, _, err = packets.DecodeLength(c.r); err != nil {
		return pk, err
	}
	body := make([]byte, pk.FixedHeader.Remaining)
	if _, err = io.ReadFull(c.r, body); err != nil {
		return pk, err
	}
	pk.ProtocolVersion = c.version
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackDecode(body)
	case packets.Publish:
		err = pk.PublishDecode(body)
	case packets.Puback:
		err = pk.PubackDecode(body)
	case packets.Pubrec:
		err = pk.PubrecDecode(body)
	case packets.Pubcomp:
		err = pk.PubcompDecode(body)
	case packets.Suback:
		err = pk.SubackDecode(body)
	case packets.Disconnect:
		err = pk.DisconnectDecode(body)
	}
	return pk, err
}

// ended reads until the broker has closed the connection and returns the last DISCONNECT's code.
func (c *rawClient) ended() (code byte) {
	c.t.Helper()
	deadline := time.Now().Add(soon)
	for time.Now().Before(deadline) {
		pk, err := c.next(soon)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			return code
		}
		if pk.FixedHeader.Type == packets.Disconnect {
			if c.version != 5 {
				c.t.Error("only MQTT 5 knows a DISCONNECT from the server")
			}
			code = pk.ReasonCode
		}
	}
	c.t.Fatal("the connection was not closed")
	return 0
}

// alive reports whether the connection still answers.
func (c *rawClient) alive() bool {
	c.t.Helper()
	if _, err := c.conn.Write([]byte{packets.Pingreq << 4, 0}); err != nil {
		return false
	}
	for {
		pk, err := c.next(soon)
		if err != nil {
			return false
		}
		if pk.FixedHeader.Type == packets.Pingresp {
			return true
		}
	}
}

// subscribe returns the codes of the SUBACK, skipping messages that arrive before it.
func (c *rawClient) subscribe(qos byte, filters ...string) []byte {
	c.t.Helper()
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 77}
	for _, f := range filters {
		pk.Filters = append(pk.Filters, packets.Subscription{Filter: f, Qos: qos})
	}
	c.send(pk)
	for {
		if ack := c.read(); ack.FixedHeader.Type != packets.Publish {
			return ack.ReasonCodes
		}
	}
}

// quiet reports whether the connection still answers, and nothing else has arrived.
func (c *rawClient) quiet() bool {
	c.t.Helper()
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pingreq}})
	pk, err := c.next(soon)
	return err == nil && pk.FixedHeader.Type == packets.Pingresp
}

func (c *rawClient) publish(topic, payload string, qos byte, id uint16, retain bool) {
	c.t.Helper()
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: qos, Retain: retain},
		TopicName: topic, Payload: []byte(payload), PacketID: id})
}

func (c *rawClient) ack(id uint16) {
	c.t.Helper()
	c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: id})
}

// dialWS opens a WebSocket to the TLS port.
func (b *testBroker) dialWS(t testing.TB, header http.Header, protocols ...string) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{Subprotocols: protocols, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	ws, _, err := d.Dial("wss://"+b.Addrs().TLS+"/mqtt", header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

// rawWSS is a rawClient over wss.
func (b *testBroker) rawWSS(t testing.TB, version byte) *rawClient {
	t.Helper()
	return b.rawWSSWith(t, version, nil)
}

func (b *testBroker) rawWSSWith(t testing.TB, version byte, header http.Header) *rawClient {
	t.Helper()
	conn := &wsConn{Conn: b.dialWS(t, header, "mqtt")}
	return &rawClient{t: t, conn: conn, r: bufio.NewReader(conn), version: version}
}

// wsConn is a client's WebSocket as a stream.
type wsConn struct {
	*websocket.Conn
	in wsReader
}

func (c *wsConn) Read(p []byte) (int, error) { c.in.ws = c.Conn; return c.in.Read(p) }
func (c *wsConn) Write(p []byte) (int, error) {
	return len(p), c.WriteMessage(websocket.BinaryMessage, p)
}
func (c *wsConn) SetDeadline(t time.Time) error { return c.NetConn().SetDeadline(t) }

// websocketOver is the client's end of a WebSocket whose handshake is over.
func websocketOver(conn net.Conn) *websocket.Conn {
	ours, theirs := net.Pipe()
	go func() { // a server that accepts everything
		request, err := http.ReadRequest(bufio.NewReader(theirs))
		if err == nil {
			sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			_, _ = io.WriteString(theirs, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
				base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
			_, _ = io.Copy(theirs, conn)
		}
		theirs.Close()
	}()
	d := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return ours, nil }}
	ws, _, err := d.Dial("ws://test/", nil)
	if err != nil {
		panic(err)
	}
	return ws
}

// bufferConn is a connection whose data has all arrived already.
type bufferConn struct {
	net.Conn
	r io.Reader
}

func (c *bufferConn) Read(p []byte) (int, error)      { return c.r.Read(p) }
func (c *bufferConn) SetReadDeadline(time.Time) error { return nil }

// describe returns the relevant parts of a PUBLISH.
func describe(pk packets.Packet) string {
	slices.Sort(pk.Properties.SubscriptionIdentifier)
	return fmt.Sprintf("%+v %s %d %+v %d %x", pk.FixedHeader, pk.TopicName, pk.PacketID, pk.Properties, len(pk.Payload), sha1.Sum(pk.Payload))
}
