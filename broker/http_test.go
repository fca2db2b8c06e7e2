package broker

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/mochi-mqtt/server/v2/packets"
)

// mochi's own listener answers only the subprotocol mqtt, so clients that request mqttv3.1.1 fail.
func TestSubprotocols(t *testing.T) {
	b := start(t, testConfig(t))
	for _, test := range []struct {
		asked []string
		want  string
	}{{[]string{"mqtt"}, "mqtt"}, {[]string{"mqttv3.1.1"}, "mqttv3.1.1"}, {[]string{"mqttv3.1"}, "mqttv3.1"}, {nil, ""}, {[]string{"x", "mqttv3.1"}, "mqttv3.1"}} {
		ws := b.dialWS(t, http.Header{"Origin": {"https://servicewechat.com/wx1/devtools/page-frame.html"}}, test.asked...)
		if got := ws.Subprotocol(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
		conn := &wsConn{Conn: ws}
		if _, err := conn.Write(encode(t, connectPacket(4, "operator", "phone"))); err != nil {
			t.Fatal(err)
		}
		var ack [4]byte
		if _, err := io.ReadFull(conn, ack[:]); err != nil || ack[3] != 0 {
			t.Errorf("%v: %x %v", test.asked, ack, err)
		}
	}
}

// A packet may span messages, a message may hold several packets, and a ping is answered in between.
func TestFrames(t *testing.T) {
	b := start(t, testConfig(t))
	ws := b.dialWS(t, nil, "mqtt")
	pongs := make(chan string, 10)
	ws.SetPongHandler(func(text string) error { pongs <- text; return nil })
	var all []byte
	all = append(all, encode(t, connectPacket(4, "operator", "phone"))...)
	for range 3 {
		all = append(all, packets.Pingreq<<4, 0)
	}
	for i, by := range all {
		if i == len(all)-4 {
			break
		}
		if err := ws.WriteMessage(websocket.BinaryMessage, []byte{by}); err != nil {
			t.Fatal(err)
		}
	}
	if err := ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	if err := ws.WriteMessage(websocket.BinaryMessage, all[len(all)-4:]); err != nil {
		t.Fatal(err)
	}
	var got [4 + 3*2]byte
	if _, err := io.ReadFull(&wsConn{Conn: ws}, got[:]); err != nil {
		t.Fatal(err)
	}
	expect(t, pongs, "are you there")
	if err := ws.WriteMessage(websocket.TextMessage, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("after a text frame: %v", err)
	}
}

func TestPages(t *testing.T) {
	b, err := New(testConfig(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	tb := &testBroker{Broker: b}
	b.HandleHTTP("/api/", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "api") }))
	b.HandleHTTP("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page "+r.URL.Path) }))
	if err := b.Start(newRecorder()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for url, want := range map[string]string{
		"https://" + tb.Addrs().TLS + "/healthz": "200 ok\n",
		"https://" + tb.Addrs().TLS + "/":        "200 page /",
		"https://" + tb.Addrs().TLS + "/api/x":   "200 api",
		"https://" + tb.Addrs().TLS + "/none":    "200 page /none",
		"https://" + tb.Addrs().TLS + "/mqtt":    "400 Bad Request\n",
		"http://" + tb.Addrs().WS + "/healthz":   "200 ok\n",
		"http://" + tb.Addrs().WS + "/":          "200 page /",
		"http://" + tb.Addrs().WS + "/api/x":     "200 page /api/x", // the page, which knows no such file, and not the API
	} {
		if got := get(t, client, url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

func TestNoPage(t *testing.T) {
	b := start(t, testConfig(t))
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	for url, want := range map[string]string{
		"https://" + b.Addrs().TLS + "/":     "200 minirelay: MQTT over WebSocket is at /mqtt\n",
		"https://" + b.Addrs().TLS + "/none": "404 404 page not found\n",
		"http://" + b.Addrs().WS + "/":       "404 404 page not found\n",
	} {
		if got := get(t, &http.Client{Transport: transport}, url); got != want {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
}

// get returns status and body of url.
func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(r.Status)[0] + " " + string(text)
}
