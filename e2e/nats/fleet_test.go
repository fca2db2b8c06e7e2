package nats

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"minirelay/relay/upstream"
	"minirelay/secret"
)

// newFleet starts the cluster of deploy/fleet on loopback. It returns the nodes, the wss address of each, and the
// authority that signed their certificates. changes are pairs of a text in node.conf and its replacement.
func newFleet(t testing.TB, changes ...string) (nodes []*node, pages []string, ca string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"node.conf", "users.conf"} {
		text, err := os.ReadFile(filepath.Join("../../deploy/fleet", name))
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.NewReplacer(changes...).Replace(string(text)))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("../../deploy/fleet/certificates", "-also", "127.0.0.1", dir, "n1", "n2", "n3").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all := ports(t, 15)
	environment := append(os.Environ(), "NATS_HOST=127.0.0.1", "PASSWORD_GW_HOME=home-1", "PASSWORD_GW_FARM=farm-1", "PASSWORD_PHONE_HOME=phone-1",
		"NATS_CA="+filepath.Join(dir, "ca.pem"))
	for n := range 3 {
		environment = append(environment, fmt.Sprintf("NATS_ROUTE%d=tls://127.0.0.1:%d", n+1, all[5*n+1]))
	}
	for n := range 3 {
		p := all[5*n:]
		nodes = append(nodes, &node{name: fmt.Sprintf("n%d", n+1), client: p[0], route: p[1], mqtt: p[2], http: p[3], config: filepath.Join(dir, "node.conf"),
			environment: append(environment[:len(environment):len(environment)], fmt.Sprintf("NATS_NAME=n%d", n+1), fmt.Sprintf("NATS_PORT=%d", p[0]),
				fmt.Sprintf("NATS_CERT=%s/n%d.pem", dir, n+1), fmt.Sprintf("NATS_KEY=%s/n%d.key", dir, n+1),
				fmt.Sprintf("NATS_MONITOR=127.0.0.1:%d", p[3]), fmt.Sprintf("NATS_CLUSTER_PORT=%d", p[1]), fmt.Sprintf("NATS_MQTT_PORT=%d", p[2]),
				fmt.Sprintf("NATS_WS_PORT=%d", p[4]), "NATS_STORE="+filepath.Join(dir, fmt.Sprint("store", n)))})
		pages = append(pages, fmt.Sprintf("wss://127.0.0.1:%d/mqtt", p[4]))
		nodes[n].start(t)
	}
	t.Cleanup(func() {
		for _, n := range nodes {
			n.kill()
		}
	})
	for _, n := range nodes {
		eventually(t, n.name+" is healthy", func() bool { return healthy(n) })
	}
	return nodes, pages, filepath.Join(dir, "ca.pem")
}

// member is a gateway or a phone of the fleet, with the messages it has received by topic.
type member struct {
	mqtt.Client
	mu   sync.Mutex
	came []string
}

func (m *member) got(part string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.came {
		if strings.Contains(c, part) {
			return true
		}
	}
	return false
}

// join logs a member in at one address.
func join(t testing.TB, url, ca, id, user, password string, changes ...func(*mqtt.ClientOptions)) *member {
	t.Helper()
	m := &member{}
	options := mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectTimeout(10 * time.Second).SetTLSConfig(trust(t, ca)).
		SetDefaultPublishHandler(func(_ mqtt.Client, msg mqtt.Message) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.came = append(m.came, msg.Topic()+" "+string(msg.Payload()))
		})
	for _, change := range changes {
		change(options)
	}
	eventually(t, id+" is let in", func() bool {
		m.Client = mqtt.NewClient(options) // a new cluster takes some time
		token := m.Connect()
		return token.WaitTimeout(10*time.Second) && token.Error() == nil
	})
	t.Cleanup(func() { m.Disconnect(100) })
	return m
}

func keepSession(o *mqtt.ClientOptions) { o.SetCleanSession(false) }

func trust(t testing.TB, ca string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: roots}
}

// TestFleet runs the configuration of deploy/fleet: a gateway publishes over TLS and receives a command from its phone,
// which is connected over wss to another node; neither can act for another owner; and a phone that connects later
// receives the retained state.
func TestFleet(t *testing.T) {
	nodes, pages, ca := newFleet(t)
	phone := join(t, pages[2], ca, "first", "phone-home", "phone-1")
	eventually(t, "the phone is subscribed", func() bool {
		token := phone.Subscribe("minirelay/home/#", 1, nil)
		return token.WaitTimeout(5*time.Second) && token.Error() == nil
	})

	c := upstream.Default()
	c.ID, c.URL, c.Dir, c.Root, c.Gateway = "fleet", "mqtts://"+nodes[0].address(), t.TempDir(), "minirelay", "home"
	c.User, c.Password, c.CAFile = "gw-home", secret.New("home-1"), ca
	c.Accept, c.Retry = []string{"command", "request"}, time.Second
	d := &desk{}
	u, err := upstream.Start(c, d, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := u.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "the gateway is connected", func() bool { return u.Status().Code == upstream.CodeConnected })
	u.Publish("minirelay/home/greenhouse/state", []byte(`{"ts":1763900000123,"temperature":21.5}`), 1, true, nil)
	eventually(t, "the phone sees the state", func() bool { return phone.got(`greenhouse/state {"ts":1763900000123`) })
	eventually(t, "the gateway gets the command", func() bool {
		phone.Publish("minirelay/home/greenhouse/command", 1, false, `{"id":"c-1","command":"pump","value":true}`).WaitTimeout(time.Second)
		return d.got("minirelay/home/greenhouse/command")
	})

	// A gateway of another owner receives none of these messages, and cannot publish in another's name.
	farm := join(t, "mqtts://"+nodes[1].address(), ca, "farm", "gw-farm", "farm-1")
	farm.Subscribe("minirelay/home/+/command", 1, nil).WaitTimeout(time.Second)
	farm.Publish("minirelay/home/greenhouse/state", 1, true, `{"forged":1}`).WaitTimeout(time.Second)
	phone2 := join(t, pages[1], ca, "second", "phone-home", "phone-1")
	phone2.Publish("minirelay/farm/well/command", 1, false, `{"id":"c-2","command":"pump","value":true}`).WaitTimeout(time.Second)
	u.Publish("minirelay/home/greenhouse/state", []byte(`{"ts":2,"temperature":22}`), 1, true, nil)
	eventually(t, "the phone sees the next state", func() bool { return phone.got(`greenhouse/state {"ts":2`) })
	if phone.got("forged") || farm.got("command") {
		t.Errorf("a client has received messages of another: %q %q", phone.came, farm.came)
	}

	// A phone that connects to another node receives the state at once, even after the first node has gone.
	nodes[2].kill()
	late := join(t, pages[1], ca, "late", "phone-home", "phone-1")
	eventually(t, "a late phone sees the state", func() bool {
		// Until the two remaining nodes have agreed, they may answer late or with an error: a phone asks again.
		token := late.Subscribe("minirelay/home/+/state", 1, nil)
		return token.WaitTimeout(5*time.Second) && token.Error() == nil && late.got(`greenhouse/state {"ts":2`)
	})
}

// TestFleetSpeaksOnlyMQTT checks that NATS's own protocol admits no client: a right to the subjects behind MQTT would
// bypass all other rights.
func TestFleetSpeaksOnlyMQTT(t *testing.T) {
	nodes, _, _ := newFleet(t)
	for user, password := range map[string]string{"phone-home": "phone-1", "gw-home": "home-1"} {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", nodes[0].client))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		r := bufio.NewReader(conn)
		if _, err := r.ReadString('\n'); err != nil { // INFO
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "CONNECT {\"user\":%q,\"pass\":%q,\"verbose\":true}\r\nPING\r\n", user, password)
		if answer, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(answer, "-ERR") {
			t.Errorf("%s over NATS's own protocol: %q %v", user, answer, err)
		}
	}
}

// TestFleetForgets checks that the session of a subscriber that never returns is deleted with its messages, after the
// time in node.conf (shortened here). A subscriber that returns must start a clean session, and then receives
// everything.
func TestFleetForgets(t *testing.T) {
	nodes, _, ca := newFleet(t, `consumer_inactive_threshold: "24h"`, `consumer_inactive_threshold: "1s"`)
	url := "mqtts://" + nodes[0].address()
	gateway := join(t, url, ca, "gateway", "gw-home", "home-1")
	waiting := func() int {
		var s struct{ Consumers int }
		r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/jsz", nodes[0].http))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s.Consumers
	}
	before := waiting()
	subscribe := func(m *member) {
		eventually(t, "it is subscribed", func() bool {
			token := m.Subscribe("minirelay/home/+/event", 1, nil)
			return token.WaitTimeout(5*time.Second) && token.Error() == nil
		})
	}
	phone := join(t, url, ca, "phone", "phone-home", "phone-1", keepSession)
	subscribe(phone)
	eventually(t, "the node knows the subscriber", func() bool { return waiting() > before })
	phone.Disconnect(100)
	eventually(t, "the node has forgotten the subscriber", func() bool { return waiting() == before })

	back := join(t, url, ca, "phone", "phone-home", "phone-1")
	subscribe(back)
	eventually(t, "the phone hears again", func() bool {
		gateway.Publish("minirelay/home/greenhouse/event", 1, false, `{"n":1}`).WaitTimeout(time.Second)
		return back.got("greenhouse/event")
	})
}

// BenchmarkFleet measures the throughput of the cluster with all three nodes and all clients on this machine: states of
// ten gateways at QoS 1, each acknowledged when it is stored on the nodes, and each delivered to one phone over wss.
func BenchmarkFleet(b *testing.B) {
	nodes, pages, ca := newFleet(b)
	var came sync.WaitGroup
	came.Add(b.N)
	phone := join(b, pages[2], ca, "phone", "phone-home", "phone-1")
	phone.Subscribe("minirelay/home/+/state", 1, func(mqtt.Client, mqtt.Message) { came.Done() }).WaitTimeout(patience)
	const gateways, window = 10, 32
	var all sync.WaitGroup
	b.ResetTimer()
	for g := range gateways {
		c := join(b, "mqtts://"+nodes[g%3].address(), ca, fmt.Sprint("gateway-", g), "gw-home", "home-1")
		all.Go(func() {
			var flying []mqtt.Token
			for i := g; i < b.N; i += gateways {
				if len(flying) == window {
					flying[0].Wait()
					flying = flying[1:]
				}
				flying = append(flying, c.Publish(fmt.Sprintf("minirelay/home/d%d/state", g), 1, false, `{"ts":1763900000123,"temperature":21.5,"humidity":40,"pump":false}`))
			}
			for _, token := range flying {
				token.Wait()
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acknowledged/s")
	came.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "delivered/s")
}
