//go:build e2e

package upstream

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
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

// In the chaos a whole gateway but for its ports runs in a process of its own, this test binary, and is killed.
func init() { helpers["gateway"] = gatewayProcess }

const chaosDevices = 3

// silent is the local broker that nobody listens to.
type silent struct{}

func (silent) Publish(string, []byte, byte, bool, []byte) error { return nil }

// counter, the only device's field and a command with a number.
func chaosModel(n int) relay.Model {
	return relay.Model{Device: fmt.Sprintf("d%d", n), Fields: []relay.Field{{ID: "n", Type: relay.TypeNumber, Decimals: 0, Range: relay.Open}},
		Commands: []relay.Command{{ID: "set", Type: relay.TypeNumber, MaxAge: 5 * time.Second, Range: relay.Open}}}
}

// inward1 hands commands to the relay as the program does.
type inward1 struct {
	relay *relay.Relay
	via   *Upstream
	ready chan struct{}
}

func (h *inward1) Handle(m Message, crowded bool) {
	<-h.ready
	out := relay.Message{Topic: m.Topic, Payload: m.Payload, Retain: m.Retain, Dup: m.Dup, User: "upstream:cloud", Via: h.via, Received: m.Received}
	if crowded {
		h.relay.Busy(out)
		return
	}
	h.relay.Handle(out)
}
func (h *inward1) Changed() {}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// gatewayProcess takes readings at a rate and says on stdout which are in the outbox: "kept DEVICE N". What it
// executes it writes to a file. It ends with its stdin.
func gatewayProcess() {
	dir, url := os.Getenv("DIR"), os.Getenv("URL")
	rate, _ := strconv.Atoi(os.Getenv("RATE"))
	limit, _ := strconv.Atoi(os.Getenv("LIMIT"))
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r, err := relay.Start(relay.Config{Root: "minirelay", Gateway: "home", DataDir: filepath.Join(dir, "data")}, silent{}, log)
	must(err)
	h := &inward1{relay: r, ready: make(chan struct{})}
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

// tellKept says the newest reading of each device that is in the outbox, and how much waits.
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

// next is where a successor begins.
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

// tally1 is what a consumer has seen of one device.
type tally1 struct {
	seen           map[int]bool
	seqs           map[uint64]int
	live, replayed int // the newest n of each kind
	duplicates     int
	disorder, torn int
}

func (c *consumer) tally(t *testing.T, device int) *tally1 {
	y := &tally1{seen: map[int]bool{}, seqs: map[uint64]int{}}
	for _, m := range c.on(fmt.Sprintf("minirelay/home/d%d/state", device)) {
		if strings.Contains(string(m.Payload()), "null") {
			continue // a device that has just been attached
		}
		r := parse(t, m.Payload())
		if r.Seq != 0 {
			if n, known := y.seqs[r.Seq]; known && n != r.N {
				y.torn++
			}
			y.seqs[r.Seq] = r.N
		}
		if y.seen[r.N] {
			y.duplicates++
			continue
		}
		y.seen[r.N] = true
		newest := &y.live
		if r.Replay {
			newest = &y.replayed
		}
		if r.N < *newest {
			y.disorder++
			t.Logf("device %d: %d (replay %v) after %d", device, r.N, r.Replay, *newest)
		}
		*newest = max(*newest, r.N)
	}
	return y
}

// chaos is one run.
type chaos struct {
	rounds, readings, rate int
	up, down               time.Duration // the longest
}

// TestChaos cuts, stalls, swallows and refuses the line, and kills the gateway, over and over: no reading is lost or
// torn, each device's come in order, few come twice, and no command is executed twice or late.
func TestChaos(t *testing.T) {
	runChaos(t, chaos{rounds: 30, readings: 6000, rate: 600, up: 300 * time.Millisecond, down: 200 * time.Millisecond})
}

// TestSoak is the same at length; MINIRELAY_SOAK=1 runs it.
func TestSoak(t *testing.T) {
	if !soak() {
		return
	}
	runChaos(t, chaos{rounds: 220, readings: 105_000, rate: 400, up: 3 * time.Second, down: time.Second})
}

func soak() bool { return os.Getenv("MINIRELAY_SOAK") != "" }

func runChaos(t *testing.T, c chaos) {
	dir := t.TempDir()
	m := newMosquitto(t)
	way := newLine(t, m.address())
	phone := newConsumer(t, m.url(), "minirelay/#")
	limit := c.readings / chaosDevices
	url := "mqtt://" + way.Addr()
	gateway := startChild(t, dir, url, "batched", c.rate, limit, []int{1, 1, 1})
	defer func() { gateway.kill() }()

	commands := giveCommands(t, m.url())
	kills, between := 0, func(d time.Duration) time.Duration { return 50*time.Millisecond + rand.N(d) }
	for round := range c.rounds {
		time.Sleep(between(c.up))
		switch round % 6 {
		case 0, 3:
			way.Cut()
		case 1:
			way.Stall()
			time.Sleep(between(c.down))
			way.Flow()
		case 2:
			way.Blackhole(true)
			time.Sleep(between(c.down))
			way.Blackhole(false)
		case 4:
			way.Refuse()
			way.Cut()
			time.Sleep(between(c.down))
			acceptAgain(t, way)
		case 5:
			gateway.kill()
			kills++
			gateway = startChild(t, dir, url, "batched", c.rate, limit, gateway.next())
		}
	}
	deadline := time.Now().Add(patience + time.Duration(c.readings/c.rate)*time.Second)
	for {
		gateway.mu.Lock()
		done := gateway.waiting == 0
		for _, k := range gateway.kept {
			done = done && k == limit
		}
		gateway.mu.Unlock()
		if done {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not everything has gone up: %v, %d wait", gateway.kept, gateway.waiting)
		}
		time.Sleep(10 * time.Millisecond)
	}
	given := commands()
	gateway.end(t)
	judge(t, c, phone, dir, limit, kills, given)
}

func judge(t *testing.T, c chaos, phone *consumer, dir string, limit, kills int, given map[int]int64) {
	t.Helper()
	lost, duplicates, disorder, torn := 0, 0, 0, 0
	eventually(t, "the consumer has all", func() bool {
		n := 0
		for d := range chaosDevices {
			n += len(phone.tally(t, d).seen)
		}
		return n >= chaosDevices*limit
	})
	for d := range chaosDevices {
		y := phone.tally(t, d)
		lost += limit - len(y.seen)
		duplicates, disorder, torn = duplicates+y.duplicates, disorder+y.disorder, torn+y.torn
	}
	executed, twice, late := countExecuted(t, filepath.Join(dir, "executed"), given)
	t.Logf("%d rounds, %d of them kill -9; %d readings: lost %d, torn %d, out of order %d, duplicates %d (%.2f %%); %d commands, %d executed, twice %d, late %d",
		c.rounds, kills, chaosDevices*limit, lost, torn, disorder, duplicates, 100*float64(duplicates)/float64(chaosDevices*limit), len(given), executed, twice, late)
	// Each cut costs at most what was on its way, each kill what had been acknowledged since the last cursor as well,
	// and what the test itself took again because it had not heard that it was kept.
	most := c.rounds*(windowLive+windowBacklog) + kills*(cursorEvery+64)
	if lost+torn+disorder+twice+late > 0 || executed == 0 || duplicates > most {
		t.Fail()
	}
	if soak() && duplicates*20 > chaosDevices*limit {
		t.Error("more than 5 % came twice")
	}
}

// giveCommands gives a command every now and then, most of them twice, until the returned function is called. It
// gives when each was too late, by its value.
func giveCommands(t *testing.T, url string) func() map[int]int64 {
	c := newConsumer(t, url)
	stop, given := make(chan struct{}), make(chan map[int]int64)
	go func() {
		expires := map[int]int64{}
		for n := 1; ; n++ {
			select {
			case <-stop:
				given <- expires
				return
			case <-time.After(20 * time.Millisecond):
			}
			expires[n] = time.Now().Add(500 * time.Millisecond).UnixMilli()
			payload := fmt.Sprintf(`{"id":"c%d","command":"set","value":%d,"expires":%d}`, n, n, expires[n])
			for range 2 {
				c.Publish("minirelay/home/d0/command", 1, false, payload)
			}
		}
	}()
	return func() map[int]int64 { close(stop); return <-given }
}

func countExecuted(t *testing.T, path string, given map[int]int64) (executed, twice, late int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for line := range strings.Lines(string(text)) {
		var n int
		var at int64
		if _, err := fmt.Sscan(line, &n, &at); err != nil {
			t.Fatal(err)
		}
		executed++
		if seen[n] {
			twice++
		}
		seen[n] = true
		if at > given[n] {
			late++
		}
	}
	return executed, twice, late
}
