package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"minirelay/api"
)

// apiConfig is testConfig with an admin.
func apiConfig(dir, port string) string {
	return testConfig(dir, port) + "\n[users.boss]\npassword = \"boss's\" # secret\nrole = \"admin\"\n"
}

// get requests a path of the gateway's API, decodes the answer into v, and returns the status and the header.
func (r *running) get(t *testing.T, user, password, path string, v any, headers ...string) (int, http.Header) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest("GET", "https://"+r.gateway.Addrs().TLS+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	return response.StatusCode, response.Header
}

// The API answers admins only.
func TestAPIAsksWhoIsThere(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, apiConfig(dir, newTestBoard(t).path))
	var refusal struct{ Error api.Failure }
	for _, test := range []struct {
		user, password, path string
		status               int
		code                 string
	}{
		{"", "", "/api/ports", 401, "unauthorized"},
		{"boss", "guessed", "/api/ports", 401, "unauthorized"},
		{"nobody", "boss's", "/api/config", 401, "unauthorized"},
		{"phone", "secret", "/api/config", 403, "forbidden"},
		{"", "", "/api/nothing", 401, "unauthorized"},
		{"boss", "boss's", "/api/nothing", 404, "not_found"},
		{"boss", "boss's", "/api/", 404, "not_found"},
	} {
		status, header := r.get(t, test.user, test.password, test.path, &refusal)
		if status != test.status || refusal.Error.Code != test.code || refusal.Error.Message == "" {
			t.Errorf("%v: %d %+v", test, status, refusal)
		}
		if header.Get("WWW-Authenticate") != "" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %v", test, header)
		}
	}
	// Over MQTT the page has been here before, from here; somebody else at the same address has not.
	reader := newPhone(t, r.url, filepath.Join(dir, "data", "tls", "cert.pem"), "boss", "boss's").OptionsReader()
	page := reader.ClientID()
	guesses, header := 0, http.Header{}
	for status := 401; status == 401 && guesses < 100; guesses++ {
		status, header = r.get(t, "boss", strings.Repeat("x", guesses+1), "/api/ports", &refusal, "X-Forwarded-For", "192.0.2.1")
	}
	if refusal.Error.Code != "too_fast" || guesses > 11 || header.Get("Retry-After") == "" {
		t.Errorf("%d guesses at speed: %+v %v", guesses, refusal, header)
	}
	if status, _ := r.get(t, "boss", "boss's", "/api/ports", &refusal, "X-Forwarded-For", "192.0.2.1"); status != 429 {
		t.Errorf("the right password among guesses: %d", status)
	}
	var ports api.Ports
	if status, _ := r.get(t, "boss", "boss's", "/api/ports", &ports, "Minirelay-Client", page); status != 200 {
		t.Errorf("a page that has logged in before is blocked: %d", status)
	}
	if status, _ := r.get(t, "boss", "boss's", "/api/ports", &refusal, "Minirelay-Client", page, "Origin", "https://evil.example"); status != 403 {
		t.Errorf("a page of another address: %d", status)
	}
}

func TestAPIPorts(t *testing.T) {
	dir := t.TempDir()
	uno := newTestBoard(t)
	r := start(t, dir, apiConfig(dir, uno.path)+"[ports.gone]\npath = \"/dev/gone\"\n[devices.gone]\nport = \"gone\"\ncodec = \"json\"\nfields.x.type = \"text\"\n")
	uno.say(t, "first", `{"t":20,"p":0}`, "noise")
	eventually(t, "the noise is counted", func() bool {
		var all api.Ports
		r.get(t, "boss", "boss's", "/api/ports", &all)
		return len(all.Ports) == 2 && all.Ports[0].Counts.Frames == 1 && all.Ports[0].Counts.Noise == 1 &&
			all.Ports[0].Port == "uno" && all.Ports[0].Path == uno.path && all.Ports[0].Open && all.Ports[0].Trouble == "" &&
			len(all.Ports[0].Devices) == 1 && all.Ports[0].Devices[0] == "greenhouse" &&
			!all.Ports[1].Open && strings.Contains(all.Ports[1].Trouble, "/dev/gone does not exist")
	})
}

// sights collects the records that a client receives from a wire.
type sights struct {
	mu   sync.Mutex
	all  []string
	done chan error // holds its final error
}

// watch shows the wire of a port until the test ends.
func (r *running) watch(t *testing.T, port string) *sights {
	t.Helper()
	client, err := api.NewClient("https://"+r.gateway.Addrs().TLS, "boss", "boss's", api.Trust{Anything: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &sights{done: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.done <- client.Wire(ctx, port, func(line api.Sight) error {
			line.TS = 0
			text, err := json.Marshal(line)
			s.mu.Lock()
			s.all = append(s.all, string(text))
			s.mu.Unlock()
			return err
		})
	}()
	t.Cleanup(func() { cancel(); <-ended; client.Close() })
	s.see(t, `{"ts":0,"open":true,"trouble":""}`)
	return s
}

func (s *sights) see(t *testing.T, want string) {
	t.Helper()
	eventually(t, want, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.Contains(s.all, want)
	})
}

// An admin sees the bytes on the wire while the gateway goes on reading them.
func TestAPIWire(t *testing.T) {
	dir := t.TempDir()
	uno := newTestBoard(t)
	config := apiConfig(dir, uno.path)
	r := start(t, dir, config)
	var refusal struct{ Error api.Failure }
	if status, _ := r.get(t, "boss", "boss's", "/api/ports/due/wire", &refusal); status != 404 || refusal.Error.Code != "not_found" {
		t.Errorf("%d %+v", status, refusal)
	}
	p := r.phone(t)
	s := r.watch(t, "uno")
	other := r.watch(t, "uno")
	uno.say(t, "first")
	s.see(t, `{"ts":0,"frame":{"hex":"6669727374","text":"first","device":"","ok":false,"fields":{},"why":"it may be half a frame: the port has just been opened"}}`)
	uno.say(t, `{"t":20.44,"p":7}`)
	s.see(t, `{"ts":0,"dir":"in","hex":"7b2274223a32302e34342c2270223a377d0a","text":"{\"t\":20.44,\"p\":7}·"}`)
	s.see(t, `{"ts":0,"frame":{"hex":"7b2274223a32302e34342c2270223a377d","text":"{\"t\":20.44,\"p\":7}","device":"greenhouse","ok":true,`+
		`"fields":{"temperature":20.4,"pump":null},"why":"pump: 7 is not one of \"0\", \"1\""}}`)
	s.see(t, `{"ts":0,"counts":{"bytes":24,"sent":0,"frames":1,"noise":0,"overlong":0,"damaged":0,"implausible":1,"late":0,"unanswered":0,"unknown":0,"foreign":0,"reopened":0}}`)
	wait(t, p.Publish(commandTopic, 1, false, `{"id":"c-1","command":"pump","value":true}`))
	uno.acknowledge(t)
	p.see(t, resultTopic, `"done"`)
	eventually(t, "what was written", func() bool {
		other.mu.Lock()
		defer other.mu.Unlock()
		return strings.Contains(strings.Join(other.all, "\n"), `"dir":"out","hex":"50554d502031`)
	})

	// A user who loses the admin right stops seeing the wire, and so does everybody when the port is removed.
	r.save(t, strings.Replace(config, `role = "admin"`, `role = "operator"`, 1))
	for _, watcher := range []*sights{s, other} {
		select {
		case err := <-watcher.done:
			if err != io.EOF {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the stream continues")
		}
	}
	uno.say(t, `{"t":25,"p":0}`)
	p.see(t, "minirelay/home/greenhouse/state", `"temperature":25`)
}

// A gateway that stops does not wait for its watchers.
func TestAPIWireEnds(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, apiConfig(dir, newTestBoard(t).path))
	s := r.watch(t, "uno")
	r.save(t, strings.Replace(apiConfig(dir, newTestBoard(t).path), "uno", "due", 2))
	if err := <-s.done; err != io.EOF {
		t.Error(err)
	}
	r.watch(t, "due") // until the gateway stops
}

// The config is shown as it is on disk, with its faults and without its secrets.
func TestAPIConfig(t *testing.T) {
	dir := t.TempDir()
	config := apiConfig(dir, newTestBoard(t).path)
	r := start(t, dir, config)
	look := func() (c api.Config) {
		r.get(t, "boss", "boss's", "/api/config", &c)
		return c
	}
	c := look()
	want := strings.NewReplacer(`"secret"`, `"(secret)"`, `"boss's"`, `"(secret)"`).Replace(config)
	if len(c.Files) != 1 || c.Files[0].Name != r.path || c.Files[0].Text != want || c.Loaded == 0 {
		t.Errorf("%+v", c)
	}
	for _, p := range c.Problems {
		if p.Severity != api.Warning {
			t.Errorf("%+v", p)
		}
	}

	r.save(t, strings.Replace(config, `codec = "json"`, `codec = "jsno"`, 1))
	line := 1 + strings.Count(config[:strings.Index(config, `codec = "json"`)], "\n")
	eventually(t, "the fault is told", func() bool {
		broken := look()
		if len(broken.Problems) == 0 {
			return false
		}
		p := broken.Problems[0]
		return p.Severity == api.Fault && p.Line == line && strings.Contains(p.What, "jsno") && strings.Contains(p.Hint, "json") &&
			broken.Loaded == c.Loaded
	})

	// A valid config that cannot be used.
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r.save(t, strings.Replace(config, "127.0.0.1:0", taken.Addr().String(), 1))
	eventually(t, "it is told why it is not used", func() bool {
		p := look().Problems
		return len(p) > 0 && p[0].Severity == api.Fault && p[0].Line == 0 && strings.Contains(p[0].What, "in use")
	})
	eventually(t, "the log tells what to try", func() bool { return strings.Contains(r.log.String(), `hint="stop that one`) })

	r.save(t, strings.Replace(config, "温室", "大棚", 1))
	eventually(t, "the new config is in use", func() bool {
		now := look()
		return now.Loaded > c.Loaded && (len(now.Problems) == 0 || now.Problems[0].Severity == api.Warning) && strings.Contains(now.Files[0].Text, "大棚")
	})
}
