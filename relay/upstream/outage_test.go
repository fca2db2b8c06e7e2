//go:build e2e

package upstream

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// After an outage the newest state arrives first, live; everything else follows once, in order, with its own time and
// marked as replay; and memory did not grow with the backlog.
func TestOutage(t *testing.T) {
	outage(t, 12_000, 0)
}

// TestOutageHour is an hour of 100 readings a second, for its figures; MINIRELAY_SOAK=1 runs it.
func TestOutageHour(t *testing.T) {
	if soak() {
		outage(t, 360_000, 10*time.Second)
	}
}

// arrivals is a consumer that keeps little of many messages.
type arrivals struct {
	mu       sync.Mutex
	live     []int
	replayed []int
	early    int // replays that arrived before the first live one
	wrong    int // with a time other than that of the reading
	latency  []time.Duration
}

func (a *arrivals) take(t *testing.T, began int64) func(mqtt.Client, mqtt.Message) {
	return func(_ mqtt.Client, m mqtt.Message) {
		now := time.Now()
		r := parse(t, m.Payload())
		a.mu.Lock()
		defer a.mu.Unlock()
		switch {
		case r.Replay:
			a.replayed = append(a.replayed, r.N)
			if len(a.live) == 0 {
				a.early++
			}
			if r.TS != began+int64(r.N) {
				a.wrong++
			}
		default:
			a.live = append(a.live, r.N)
			if r.N > 10_000_000 { // measured
				a.latency = append(a.latency, now.Sub(time.UnixMicro(r.TS)))
			}
		}
	}
}

// p99 returns the 99th percentile since the last call.
func (a *arrivals) p99() (p99 time.Duration, of int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	slices.Sort(a.latency)
	if of = len(a.latency); of > 0 {
		p99 = a.latency[of*99/100]
	}
	a.latency = nil
	return p99, of
}

func (a *arrivals) counts() (live, replayed int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.live), len(a.replayed)
}

func outage(t *testing.T, n int, quiet time.Duration) {
	m := newMosquitto(t)
	way := newLine(t, m.address())
	c := testConfig(t.TempDir(), "mqtt://"+way.Addr())
	began := time.Now().UnixMilli()
	a := &arrivals{}
	phone := newConsumer(t, m.url())
	await(t, phone.Subscribe(stateTopic, 1, a.take(t, began)))
	u, _ := run(t, c, readClock)
	measure := func(d time.Duration) (time.Duration, int) {
		for k, end := 0, time.Now().Add(d); time.Now().Before(end); k++ {
			u.Publish("minirelay/home/greenhouse/state", fmt.Appendf(nil, `{"ts":%d,"n":%d}`, time.Now().UnixMicro(), 10_000_001+k), 1, true, nil)
			time.Sleep(10 * time.Millisecond)
		}
		return a.p99()
	}
	eventually(t, "it is connected", func() bool { return u.Status().Code == CodeConnected })
	before, of := measure(quiet)

	way.Refuse()
	way.Cut()
	eventually(t, "the line is cut", func() bool { return u.Status().Code != CodeConnected })
	idle := heap()
	for k := 1; k <= n; k++ {
		for u.Publish(stateTopic, fmt.Appendf(nil, `{"ts":%d,"n":%d}`, began+int64(k), k), 1, true, nil) != nil {
			t.Fatal("the intake is full")
		}
		if k%2000 == 0 {
			eventually(t, "the keeper keeps up", func() bool { return u.Counts().Taken >= uint64(k) })
		}
	}
	eventually(t, "all is in the outbox", func() bool { return u.Status().Waiting >= uint64(n) })
	grown := heap() - idle
	liveBefore, _ := a.counts()
	a.mu.Lock()
	a.live = a.live[:0]
	a.mu.Unlock()
	if grown > 16<<20 {
		t.Errorf("the memory grew by %d bytes", grown)
	}

	acceptAgain(t, way)
	from := time.Now()
	eventually(t, "the newest has come, live", func() bool { live, _ := a.counts(); return live > 0 })
	beside, ofBeside := measure(quiet / 2)
	for { // no deadline: an hour's backlog takes as long as it takes
		if _, replayed := a.counts(); replayed >= n-1 {
			break
		}
		if time.Since(from) > patience+time.Duration(n/500)*time.Second {
			t.Fatalf("%d of %d", len(a.replayed), n)
		}
		time.Sleep(5 * time.Millisecond)
	}
	took := time.Since(from)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.live[0] != n || a.early > 0 || a.wrong > 0 {
		t.Errorf("the first live one is %d, %d replays came before it, %d have another time", a.live[0], a.early, a.wrong)
	}
	if !slices.Equal(a.replayed, upTo(1, n-1)) {
		t.Errorf("%d replayed, not in order or not once each", len(a.replayed))
	}
	t.Logf("%d readings in the outage; heap grew by %d kB; drained at %.0f/s; live p99 quiet %v (of %d), while draining %v (of %d); %d live before",
		n, grown>>10, float64(n)/took.Seconds(), before, of, beside, ofBeside, liveBefore)
}

// heap is the memory in use after a garbage collection.
func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
