package broker

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// The benchmarks run each measure on this broker and on plain mochi, both over wss with the same clients. One process
// holds both ends, so that the figures include the clients' work.
type bench struct {
	name    string
	start   func(b *testing.B) (url string, publish func(topic string, payload []byte, qos byte))
	keepsUp bool // nothing may be lost
}

var benches = []bench{{"minirelay", benchOurs, true}, {"mochi", benchMochi, false}}

func benchOurs(b *testing.B) (string, func(string, []byte, byte)) {
	tb := start(b, testConfig(b))
	return "wss://" + tb.Addrs().TLS + "/mqtt", func(topic string, payload []byte, qos byte) {
		_ = tb.Publish(topic, payload, qos, false, nil)
	}
}

func benchMochi(b *testing.B) (string, func(string, []byte, byte)) {
	made, _, err := openOwn(b.TempDir(), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	cert := *made.certs[0]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	_ = s.AddHook(new(allowAll), nil)
	if err := s.AddListener(listeners.NewWebsocket(listeners.Config{ID: "ws", Address: address,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}})); err != nil {
		b.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return "wss://" + address + "/mqtt", func(topic string, payload []byte, qos byte) { _ = s.Publish(topic, payload, false, qos) }
}

// allowAll lets plain mochi accept anyone.
type allowAll struct{ mqtt.HookBase }

func (*allowAll) Provides(event byte) bool {
	return event == mqtt.OnConnectAuthenticate || event == mqtt.OnACLCheck
}
func (*allowAll) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*allowAll) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

// benchClient is a lean subscriber of one topic that counts its messages.
type benchClient struct {
	conn  *wsConn
	r     *bufio.Reader
	count atomic.Int64
}

func newBenchClient(b *testing.B, url, id, topic string, qos byte) *benchClient {
	d := websocket.Dialer{Subprotocols: []string{"mqtt"}, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ReadBufferSize: 1024}
	var ws *websocket.Conn
	for deadline := time.Now().Add(soon); ; {
		var err error
		if ws, _, err = d.Dial(url, nil); err == nil {
			break
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // mochi's listener does not signal when it is ready
	}
	c := &benchClient{conn: &wsConn{Conn: ws}}
	c.r = bufio.NewReaderSize(c.conn, 64)
	raw := &rawClient{t: b, conn: c.conn, r: c.r, version: 4}
	if ack := raw.login("all", id, func(pk *packets.Packet) { pk.Connect.Keepalive = 600 }); ack.ReasonCode != 0 {
		b.Fatalf("CONNACK %d", ack.ReasonCode)
	}
	if topic != "" {
		raw.subscribe(qos, topic)
	}
	_ = c.conn.SetReadDeadline(time.Time{})
	return c
}

// run counts until the connection ends. Each count is sent to seen, if there is one.
func (c *benchClient) run(each func()) {
	for {
		var pk packets.Packet
		head, err := c.r.ReadByte()
		if err != nil {
			return
		}
		_ = pk.FixedHeader.Decode(head)
		n, _, err := packets.DecodeLength(c.r)
		if err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, c.r, int64(n)); err != nil {
			return
		}
		if pk.FixedHeader.Type == packets.Publish {
			c.count.Add(1)
			if each != nil {
				each()
			}
		}
	}
}

// BenchmarkPublish is one publisher, 100 bytes, one wss client: messages per second and how many were lost.
func BenchmarkPublish(b *testing.B) {
	for _, kind := range benches {
		b.Run(kind.name, func(b *testing.B) {
			url, publish := kind.start(b)
			const topic = "minirelay/home/greenhouse/event"
			c := newBenchClient(b, url, "phone", topic, 0)
			done := make(chan struct{})
			go func() { defer close(done); c.run(nil) }()
			payload := make([]byte, 100)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				publish(topic, payload, 0)
			}
			for last := int64(-1); c.count.Load() < int64(b.N) && c.count.Load() != last; {
				last = c.count.Load()
				time.Sleep(200 * time.Millisecond)
			}
			b.StopTimer()
			lost := int64(b.N) - c.count.Load()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			b.ReportMetric(float64(lost), "lost")
			if lost > 0 && kind.keepsUp {
				b.Errorf("%d of %d were lost", lost, b.N)
			}
			c.conn.Close()
			<-done
		})
	}
}

// BenchmarkFanOut is one message to 1000 wss clients, until the last one has it.
func BenchmarkFanOut(b *testing.B) {
	const clients = 1000
	for _, kind := range benches {
		b.Run(kind.name, func(b *testing.B) {
			url, publish := kind.start(b)
			const topic = "minirelay/home/greenhouse/event"
			var round sync.WaitGroup
			var all []*benchClient
			for i := range clients {
				c := newBenchClient(b, url, fmt.Sprint("phone", i), topic, 0)
				all = append(all, c)
				go c.run(round.Done)
			}
			payload := make([]byte, 100)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				round.Add(clients)
				publish(topic, payload, 0)
				round.Wait()
			}
			b.StopTimer()
			for _, c := range all {
				c.conn.Close()
			}
		})
	}
}

// BenchmarkIdleClients holds 1000 idle wss clients, which run in another process, and reports what each costs here.
func BenchmarkIdleClients(b *testing.B) {
	const clients = 1000
	for _, kind := range benches {
		b.Run(kind.name, func(b *testing.B) {
			url, _ := kind.start(b)
			newBenchClient(b, url, "first", "minirelay/home/+/state", 1).conn.Close()
			heap, rss := memoryNow()
			other := idleProcess(b, url, clients)
			heap2, rss2 := memoryNow()
			b.ReportMetric(float64(heap2-heap)/clients, "heap+stack-B/client")
			b.ReportMetric(float64(rss2-rss)/clients, "RSS-B/client")
			for range b.N {
			}
			other()
		})
	}
}

// memoryNow is the memory in use by heap and stacks, and the resident size, in bytes.
func memoryNow() (used, rss int64) {
	for range 3 { // each halves the stacks that are too large
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.ParseInt(strings.Fields(string(text) + " 0 0")[1], 10, 64)
	return int64(m.HeapInuse + m.StackInuse), pages * int64(os.Getpagesize())
}

// idleProcess starts this test binary again as the clients, so that their memory is not in the figures. It returns a
// function that ends them.
func idleProcess(b *testing.B, url string, clients int) func() {
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkIdleHelper$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), "IDLE_URL="+url, fmt.Sprint("IDLE_CLIENTS=", clients))
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "all connected") {
	}
	return func() {
		in.Close()
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkIdleHelper is the other process of BenchmarkIdleClients; by itself it measures nothing.
func BenchmarkIdleHelper(b *testing.B) {
	url := os.Getenv("IDLE_URL")
	if url == "" {
		return
	}
	n, err := strconv.Atoi(os.Getenv("IDLE_CLIENTS"))
	if err != nil {
		b.Fatal(err)
	}
	var all []*benchClient
	for i := range n {
		all = append(all, newBenchClient(b, url, fmt.Sprint("phone", i), "minirelay/home/+/state", 1))
	}
	fmt.Println("\nall connected")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, c := range all {
		c.conn.Close()
	}
}

// BenchmarkLatency is one message at a time to one wss client: from Publish to its arrival.
func BenchmarkLatency(b *testing.B) {
	for _, kind := range benches {
		b.Run(kind.name, func(b *testing.B) {
			url, publish := kind.start(b)
			const topic = "minirelay/home/greenhouse/event"
			c := newBenchClient(b, url, "phone", topic, 0)
			came := make(chan struct{}, 1)
			go c.run(func() { came <- struct{}{} })
			payload := make([]byte, 100)
			b.ResetTimer()
			for range b.N {
				publish(topic, payload, 0)
				<-came
			}
			b.StopTimer()
			c.conn.Close()
		})
	}
}
