//go:build e2e

package upstream

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// account is a consumer's view of one device.
type account struct {
	seen           map[int]bool
	seqs           map[uint64]int
	live, replayed int // the newest n of each kind
	duplicates     int
	disorder, torn int
}

func (c *consumer) tally(t *testing.T, device int) *account {
	y := &account{seen: map[int]bool{}, seqs: map[uint64]int{}}
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
// torn, the readings of each device arrive in order, few arrive twice, and no command is executed twice or late.
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
	// Each cut costs at most the messages that were in flight; each kill also those acknowledged since the last cursor,
	// and those that the test itself published again because it had not seen them confirmed as kept.
	most := c.rounds*(windowLive+windowBacklog) + kills*(cursorEvery+64)
	if lost+torn+disorder+twice+late > 0 || executed == 0 || duplicates > most {
		t.Fail()
	}
	if soak() && duplicates*20 > chaosDevices*limit {
		t.Error("more than 5 % came twice")
	}
}

// giveCommands sends a command every now and then, most of them twice, until the returned function is called. That
// function returns when each one expired, by its value.
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
