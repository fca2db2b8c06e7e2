//go:build e2e

package upstream

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"minirelay/relay"
)

// In the chaos test a whole gateway except its ports runs in a process of its own, this test binary, and is killed.
func init() { helpers["gateway"] = gatewayProcess }

const chaosDevices = 3

// silent is a local broker without listeners.
type silent struct{}

func (silent) Publish(string, []byte, byte, bool, []byte) error { return nil }

// counter, the only device's field and a command with a number.
func chaosModel(n int) relay.Model {
	return relay.Model{Device: fmt.Sprintf("d%d", n), Fields: []relay.Field{{ID: "n", Type: relay.TypeNumber, Decimals: 0, Range: relay.Open}},
		Commands: []relay.Command{{ID: "set", Type: relay.TypeNumber, MaxAge: 5 * time.Second, Range: relay.Open}}}
}

// commandInlet hands commands to the relay as the program does.
type commandInlet struct {
	relay *relay.Relay
	via   *Upstream
	ready chan struct{}
}

func (h *commandInlet) Handle(m Message, crowded bool) {
	<-h.ready
	out := relay.Message{Topic: m.Topic, Payload: m.Payload, Retain: m.Retain, Dup: m.Dup, User: "upstream:cloud", Via: h.via, Received: m.Received}
	if crowded {
		h.relay.Busy(out)
		return
	}
	h.relay.Handle(out)
}
func (h *commandInlet) Changed() {}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// gatewayProcess takes readings at a rate and reports on stdout which are in the outbox: "kept DEVICE N". It writes the
// commands that it executes to a file. It ends with its stdin.
func gatewayProcess() {
	dir, url := os.Getenv("DIR"), os.Getenv("URL")
	rate, _ := strconv.Atoi(os.Getenv("RATE"))
	limit, _ := strconv.Atoi(os.Getenv("LIMIT"))
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r, err := relay.Start(relay.Config{Root: "minirelay", Gateway: "home", DataDir: filepath.Join(dir, "data"), Remember: 10 * time.Minute}, silent{}, log)
	must(err)
	h := &commandInlet{relay: r, ready: make(chan struct{})}
	c := testConfig(dir, url)
	c.Sync = os.Getenv("SYNC")
	u, err := start(c, h, log, quick(), readClock)
	must(err)
	h.via = u
	close(h.ready)
	r.Join(u)
	executed, err := os.OpenFile(filepath.Join(dir, "executed"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(err)
	var devices []*relay.Device
	next := make([]int, chaosDevices)
	for n := range chaosDevices {
		next[n], _ = strconv.Atoi(strings.Split(os.Getenv("NEXT"), ",")[n])
		lane := relay.NewLane(16)
		devices = append(devices, r.Attach(chaosModel(n), lane))
		go func() {
			for range lane.Ready() {
				for t := lane.Take(); t != nil; t = lane.Take() {
					fmt.Fprintf(executed, "%d %d\n", int(t.Value.Number()), time.Now().UnixMilli())
					t.Finish(relay.Done())
				}
			}
		}()
	}
	stop := make(chan struct{})
	go func() { bufio.NewReader(os.Stdin).ReadString('\n'); close(stop) }()
	took := 0
	began := time.Now()
	for {
		select {
		case <-stop:
			r.Close()
			must(u.Close(context.Background()))
			return
		case <-time.After(2 * time.Millisecond):
		}
		for due := int(time.Since(began).Seconds() * float64(rate)); took < due; took++ {
			d := took % chaosDevices
			if next[d] > limit {
				continue
			}
			devices[d].Update(time.Now(), []relay.Reading{{Field: 0, Value: relay.NumberValue(float64(next[d]))}})
			next[d]++
		}
		tellKept(u)
	}
}

// tellKept reports the newest reading of each device that is in the outbox, and how many messages wait.
func tellKept(u *Upstream) {
	u.mu.Lock()
	for topic, i := range u.newest {
		_, n, _ := strings.Cut(string(i.payload), `"n":`)
		device := strings.Split(topic, "/")[2]
		fmt.Printf("kept %s %s\n", device, strings.TrimSuffix(n, "}"))
	}
	u.mu.Unlock()
	fmt.Printf("waiting %d\n", u.Status().Waiting)
}

// child is such a process.
type child struct {
	cmd     *exec.Cmd
	stdin   interface{ Close() error }
	done    chan struct{}
	mu      sync.Mutex
	kept    [chaosDevices]int
	waiting int
}

func startChild(t *testing.T, dir, url, sync string, rate, limit int, next []int) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self), done: make(chan struct{}), waiting: -1}
	texts := make([]string, len(next))
	for n, v := range next {
		texts[n] = strconv.Itoa(v)
		c.kept[n] = v - 1
	}
	c.cmd.Env = append(os.Environ(), "MINIRELAY_HELPER=gateway", "GORACE=halt_on_error=1", "DIR="+dir, "URL="+url, "SYNC="+sync, "RATE="+strconv.Itoa(rate),
		"LIMIT="+strconv.Itoa(limit), "NEXT="+strings.Join(texts, ","))
	c.cmd.Stderr = t.Output()
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			f := strings.Fields(s.Text())
			c.mu.Lock()
			if len(f) == 3 && f[0] == "kept" && f[2] != "null" {
				d, _ := strconv.Atoi(strings.TrimPrefix(f[1], "d"))
				c.kept[d], _ = strconv.Atoi(f[2])
			} else if len(f) == 2 && f[0] == "waiting" {
				c.waiting, _ = strconv.Atoi(f[1])
			}
			c.mu.Unlock()
		}
		c.cmd.Wait()
	}()
	return c
}

// next is the number at which a successor starts.
func (c *child) next() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var next []int
	for _, k := range c.kept {
		next = append(next, k+1)
	}
	return next
}

func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.done
}

func (c *child) end(t *testing.T) {
	t.Helper()
	c.stdin.Close()
	select {
	case <-c.done:
	case <-time.After(patience):
		t.Fatal("the gateway does not end")
	}
}
