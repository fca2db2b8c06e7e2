package configs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"minirelay/devices"
	"minirelay/relay"
	"minirelay/softboard"
)

// Every profile agrees with the documents of its device: the gateway sends the documented requests on a
// pseudo-terminal, receives the documented answers, and shows the documented values. The format of the files in
// testdata is
//
//	# a comment
//	> 01 04 00 00 00 0A 70 0D     the expected request, in hexadecimal, "as text" or /as an expression/
//	< 01 04 14 08 98 …            the answer of the device; before the first >, an unsolicited message
//	= voltage 220.5               the expected state at the end
//	! relay true done             a command and the status of its result; the > < and = after it belong to it
func TestProfiles(t *testing.T) {
	for _, p := range Profiles() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			script := readScript(t, filepath.Join("profiles", "testdata", p.Name+".txt"))
			line, err := softboard.Open(filepath.Join(t.TempDir(), "port"))
			if err != nil {
				t.Fatal(err)
			}
			config := profileConfig(t, p, line.Path())
			thing := &scripted{line: line, done: make(chan struct{})}
			thing.play(script[0])
			go thing.run()
			t.Cleanup(func() { line.Close(); <-thing.done })
			g := startProfileGateway(t, config)
			for i, act := range script {
				if i > 0 {
					thing.play(act)
					g.command(t, act)
				}
				g.await(t, thing, act.shows)
			}
			thing.verify(t)
		})
	}
}

// profileConfig is a config with nothing but the profile, which must be sound.
func profileConfig(t *testing.T, p Profile, path string) *Config {
	t.Helper()
	text := fmt.Sprintf("[gateway]\nid = \"home\"\ndata_dir = %q\n[ports.p]\npath = %q\nbaud = %d\nparity = %q\nstop_bits = %v\n"+
		"[devices.thing]\nport = \"p\"\nprofile = %q\n", t.TempDir(), path, cmp.Or(p.Baud, 9600), p.Parity, p.StopBits, p.Name)
	config, err := loadText(t, text)
	if err != nil {
		t.Fatal(faultsOf(t, err))
	}
	for _, w := range config.Warnings {
		if !strings.Contains(w.What, "user") {
			t.Errorf("%s", w)
		}
	}
	for _, f := range config.Devices.Devices[0].Fields {
		if f.Name.ByLang["zh"] == "" || f.Name.ByLang["en"] == "" {
			t.Errorf("field %s has no name in Chinese or English", f.ID)
		}
	}
	for _, c := range config.Devices.Devices[0].Commands {
		if c.Name.ByLang["zh"] == "" || c.Name.ByLang["en"] == "" {
			t.Errorf("command %s has no name in Chinese or English", c.ID)
		}
	}
	return config
}

// act is a step of a script: the messages exchanged, and the state at the end.
type act struct {
	command, value, status string // of a command; "" for the first act
	says                   [][]byte
	answers                []*answered
	shows                  map[string]json.RawMessage
}

// answered is a request with its answers.
type answered struct {
	request []byte         // or
	pattern *regexp.Regexp // of the request
	text    string         // of the line in the file
	answer  []byte
	asked   bool
}

func readScript(t *testing.T, path string) []*act {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("a profile needs a documented exchange: %v", err)
	}
	now := &act{shows: map[string]json.RawMessage{}}
	script := []*act{now}
	for number, line := range strings.Split(string(text), "\n") {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch kind {
		case "", "#":
		case ">":
			a := &answered{text: rest}
			if strings.HasPrefix(rest, "/") {
				a.pattern = regexp.MustCompile("^" + strings.Trim(rest, "/"))
			} else {
				a.request = scriptBytes(t, rest)
			}
			now.answers = append(now.answers, a)
		case "<":
			if n := len(now.answers); n > 0 {
				now.answers[n-1].answer = append(now.answers[n-1].answer, scriptBytes(t, rest)...)
			} else {
				now.says = append(now.says, scriptBytes(t, rest))
			}
		case "=":
			id, value, _ := strings.Cut(rest, " ")
			now.shows[id] = json.RawMessage(strings.TrimSpace(value))
		case "!":
			words := strings.Fields(rest)
			if len(words) < 3 {
				t.Fatalf("%s:%d: ! command value status", path, number+1)
			}
			now = &act{command: words[0], value: strings.Join(words[1:len(words)-1], " "), status: words[len(words)-1],
				shows: map[string]json.RawMessage{}}
			script = append(script, now)
		default:
			t.Fatalf("%s:%d: %q", path, number+1, line)
		}
	}
	if len(script[0].shows) == 0 && len(script) == 1 {
		t.Fatalf("%s shows nothing", path)
	}
	return script
}

func scriptBytes(t *testing.T, s string) []byte {
	t.Helper()
	if strings.HasPrefix(s, `"`) {
		text, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return []byte(text)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return b
}

// scripted is a simulated device that answers as its script says.
type scripted struct {
	line *softboard.Line
	done chan struct{}

	saying sync.Mutex // held while it sends by itself

	mu      sync.Mutex
	acts    []*act // the answers of the newest act come first
	unknown []string
}

func (s *scripted) play(a *act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts = append([]*act{a}, s.acts...)
}

// say sends the device's unsolicited messages. It stops while nothing reads the line.
func (s *scripted) say() {
	s.mu.Lock()
	says := s.acts[0].says
	s.mu.Unlock()
	if len(says) == 0 || !s.saying.TryLock() {
		return
	}
	go func() {
		defer s.saying.Unlock()
		for _, b := range says {
			_, _ = s.line.Write(b)
		}
	}()
}

func (s *scripted) run() {
	defer close(s.done)
	var got []byte
	buf := make([]byte, 512)
	for {
		n, err := s.line.Read(buf)
		if err != nil {
			return
		}
		got = append(got, buf[:n]...)
		for len(got) > 0 {
			used, answer := s.answer(got)
			if used == 0 {
				break
			}
			_, _ = s.line.Write(answer)
			got = got[used:]
		}
	}
}

// answer finds the request at the beginning of got. Bytes that cannot begin a request are recorded and dropped.
func (s *scripted) answer(got []byte) (used int, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := false
	for _, act := range s.acts {
		for _, a := range act.answers {
			if a.pattern != nil {
				if m := a.pattern.FindSubmatchIndex(got); m != nil {
					a.asked = true
					return m[1], a.pattern.Expand(nil, a.answer, got, m)
				}
				more = more || !bytes.ContainsAny(got, "\r\n")
				continue
			}
			if bytes.HasPrefix(got, a.request) {
				a.asked = true
				return len(a.request), a.answer
			}
			more = more || bytes.HasPrefix(a.request, got)
		}
	}
	if more {
		return 0, nil
	}
	s.unknown = append(s.unknown, fmt.Sprintf("% X (%q)", got, got))
	return len(got), nil
}

// unasked lists the requests that the gateway has not yet sent.
func (s *scripted) unasked() (missing []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, act := range s.acts {
		for _, a := range act.answers {
			if !a.asked {
				missing = append(missing, "the request "+a.text)
			}
		}
	}
	return missing
}

func (s *scripted) verify(t *testing.T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.unknown {
		t.Errorf("the gateway sent an undocumented request: %s", u)
	}
}

// profileGateway is a relay with one device. It keeps the messages.
type profileGateway struct {
	relay *relay.Relay

	mu      sync.Mutex
	state   map[string]json.RawMessage
	online  bool
	results []json.RawMessage
}

func (g *profileGateway) Publish(topic string, payload []byte, _ byte, _ bool, _ []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case strings.HasSuffix(topic, "/state"):
		g.state = nil
		return json.Unmarshal(payload, &g.state)
	case strings.HasSuffix(topic, "/availability"):
		g.online = string(payload) == "online"
	case strings.HasSuffix(topic, "/result"):
		g.results = append(g.results, payload)
	}
	return nil
}

func startProfileGateway(t *testing.T, config *Config) *profileGateway {
	t.Helper()
	g := &profileGateway{}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	g.relay, err = relay.Start(relay.Config{Root: "minirelay", Gateway: "home", DataDir: config.Gateway.DataDir}, g, log)
	if err != nil {
		t.Fatal(err)
	}
	ports := devices.New(g.relay, log)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = ports.Close(ctx)
		_ = g.relay.Close()
	})
	if err := ports.Apply(config.Devices); err != nil {
		t.Fatal(err)
	}
	return g
}

// patience is the time limit on a loaded machine.
const profilePatience = 30 * time.Second

// await waits until the state has the expected values and every expected request was sent. A device that sends by
// itself repeats its messages meanwhile.
func (g *profileGateway) await(t *testing.T, thing *scripted, shows map[string]json.RawMessage) {
	t.Helper()
	var missing []string
	for end := time.Now().Add(profilePatience); time.Now().Before(end); {
		thing.say()
		if missing = append(g.differs(shows), thing.unasked()...); len(missing) == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond) // polling interval
	}
	t.Fatalf("still missing: %s", strings.Join(missing, ", "))
}

// differs lists the differences between the state and the expected values. Numbers may differ in their last digit.
func (g *profileGateway) differs(shows map[string]json.RawMessage) (missing []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.online {
		missing = append(missing, "online")
	}
	for id, want := range shows {
		if got := g.state[id]; !bytes.Equal(got, want) {
			missing = append(missing, fmt.Sprintf("%s = %s (it is %s)", id, want, got))
		}
	}
	return missing
}

// command sends a command and waits for its result.
func (g *profileGateway) command(t *testing.T, a *act) {
	t.Helper()
	g.mu.Lock()
	before := len(g.results)
	g.mu.Unlock()
	value := ""
	if a.value != "none" {
		value = `,"value":` + a.value
	}
	payload := fmt.Sprintf(`{"id":"c-%d","command":%q%s}`, before, a.command, value)
	g.relay.Handle(relay.Message{Topic: "minirelay/home/thing/command", Payload: []byte(payload), User: "phone"})
	for end := time.Now().Add(profilePatience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		g.mu.Lock()
		results := g.results
		g.mu.Unlock()
		if len(results) > before {
			var r struct{ Status, Code, Message string }
			if err := json.Unmarshal(results[before], &r); err != nil || r.Status != a.status {
				t.Fatalf("%s %s: %s", a.command, a.value, results[before])
			}
			return
		}
	}
	t.Fatalf("%s %s: no result", a.command, a.value)
}
