package gateway

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/secret"
)

// manager plays the service manager: it counts the signals of the watchdog.
func manager(t *testing.T, interval string) (signals chan struct{}) {
	t.Helper()
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"}
	l, err := net.ListenUnixgram("unixgram", address)
	if err != nil {
		t.Fatal(err)
	}
	signals = make(chan struct{}, 1<<16)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for buf := make([]byte, 4096); ; {
			n, err := l.Read(buf)
			if err != nil {
				return
			}
			if strings.HasPrefix(string(buf[:n]), "WATCHDOG=1") {
				signals <- struct{}{}
			}
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	t.Setenv("NOTIFY_SOCKET", address.Name)
	t.Setenv("WATCHDOG_USEC", interval)
	t.Setenv("WATCHDOG_PID", "")
	return signals
}

// signalled waits for a signal of the watchdog.
func signalled(t *testing.T, signals chan struct{}) {
	t.Helper()
	select {
	case <-signals:
	case <-time.After(patience):
		t.Error("the service manager gets no signal")
	}
}

// flood is everything at once that used to keep the watchdog's pulse out: requests for /readyz on many connections, a
// viewer who takes the client id of the pulse, and as many clients as there may be.
func flood(t *testing.T, g *Gateway, until <-chan struct{}) (answered *atomic.Int64, wait func()) {
	t.Helper()
	client := func(id string) mqtt.Client {
		return mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + g.Addrs().MQTT).SetUsername("viewer").SetPassword("secret").
			SetClientID(id).SetAutoReconnect(false).SetConnectTimeout(patience))
	}
	honest := client("honest")
	if token := honest.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	var all sync.WaitGroup
	repeat := func(do func()) {
		all.Go(func() {
			for {
				select {
				case <-until:
					return
				default:
					do()
				}
			}
		})
	}
	answered = &atomic.Int64{}
	for range 8 {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		t.Cleanup(transport.CloseIdleConnections)
		repeat(func() {
			response, err := (&http.Client{Transport: transport}).Get("https://" + g.Addrs().TLS + "/readyz")
			if err != nil {
				t.Error(err)
				return
			}
			if text, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", response.Status, text)
			}
			response.Body.Close()
			answered.Add(1)
		})
	}
	for _, id := range []string{"$pulse", "one too many"} {
		repeat(func() {
			c := client(id)
			if token := c.Connect(); token.WaitTimeout(patience) && token.Error() == nil {
				t.Errorf("%s is let in", id)
				c.Disconnect(0)
			}
		})
	}
	return answered, func() { all.Wait(); honest.Disconnect(100) }
}

// The watchdog misses no pulse, whatever strangers and users do.
func TestWatchdogUnderFlood(t *testing.T) {
	noLeaks(t)
	signals := manager(t, "8000000") // a check each 2 s
	dir := t.TempDir()
	config := testConfig(t, dir, greenhouse(t, dir), "First", func(c *configs.Config) {
		c.Broker.MaxClients = 1
		c.Broker.Users = append(c.Broker.Users, broker.UserConfig{ID: "viewer", Password: secret.New("secret"), Role: "viewer"})
	})
	g := startTest(t, config)
	<-g.Ready()
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { g.watchdog(ctx) })
	over := make(chan struct{})
	answered, wait := flood(t, g, over)
	for range 3 {
		signalled(t, signals)
	}
	close(over)
	wait()
	cancel()
	watching.Wait()
	s := g.Status().Broker
	if s.Missed != 0 || s.Pulses < 3 || answered.Load() < 100 {
		t.Errorf("%d pulses, %d missed, /readyz was answered %d times", s.Pulses, s.Missed, answered.Load())
	}
	if own := uint64(answered.Load()); s.Pulses > own/4 {
		t.Errorf("%d pulses for %d questions", s.Pulses, own)
	}
}

// A failed check is repeated at once, and the service manager gets no signal meanwhile.
func TestWatchdogTriesAgain(t *testing.T) {
	signals := manager(t, "400000000") // a check each 100 s, if all is well
	var log safeLog
	g := &Gateway{options: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	dir := t.TempDir()
	running := startTest(t, testConfig(t, dir, greenhouse(t, dir), "First", nil))
	stopped, err := Start(testConfig(t, t.TempDir(), filepath.Join(dir, "none"), "Second", nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop, cancel := context.WithTimeout(context.Background(), StopTime)
	defer cancel()
	if err := stopped.Stop(stop); err != nil {
		t.Fatal(err)
	}
	g.core.Store(stopped.core.Load()) // its broker serves nobody any more
	ctx, end := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { g.watchdog(ctx) })
	for !strings.Contains(log.String(), "it is asked again") {
		time.Sleep(time.Millisecond)
	}
	if len(signals) != 0 {
		t.Error("a signal though nothing works")
	}
	g.core.Store(running.core.Load())
	signalled(t, signals) // long before the next check would be due
	end()
	watching.Wait()
}

// safeLog collects lines from several goroutines.
type safeLog struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(p)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

// The descriptors of the ports and of the journal are kept, in proportion if there are few.
func TestConnectionFiles(t *testing.T) {
	for _, test := range []struct {
		limit            uint64
		ports, upstreams int
		want             int
	}{{16384, 4, 1, 16384 - 128 - 8 - 8}, {1024, 0, 0, 896}, {256, 2, 1, 256 - 64 - 4 - 8}, {64, 100, 10, 16}, {0, 0, 0, 1}, {1 << 62, 0, 0, 1<<30 - 128}} {
		if got := connectionFiles(test.limit, test.ports, test.upstreams); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}
