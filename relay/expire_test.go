package relay

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A command that is never taken is answered when its time is over, to the millisecond, and makes room for others.
func TestExpiresWhileItWaits(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		expires := time.Now().Add(time.Second).UnixMilli()
		b.ask(`{"id":"a","command":"reset"}`) // max_age 5 s
		b.ask(fmt.Sprintf(`{"id":"b","command":"reset","expires":%d}`, expires))
		time.Sleep(2 * time.Second)
		b.ask(`{"id":"c","command":"reset"}`)
		time.Sleep(4 * time.Second)
		b.device.Update(time.Now(), reading21)
		synctest.Wait()
		for i, want := range []string{"b rejected/expired 1000", "a rejected/expired 5000"} {
			r := b.results(t, 2)[i]
			if got := fmt.Sprint(r, " ", *r.MS); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		for i := range 3 { // with c the lane is full
			b.ask(fmt.Sprintf(`{"id":"d%d","command":"reset"}`, i))
		}
		synctest.Wait()
		taken := 0
		for task := b.lane.Take(); task != nil; task = b.lane.Take() {
			if !task.Begin() {
				t.Error("it is in time and may not be written")
			}
			task.Finish(Sent())
			taken++
		}
		if got := b.results(t, 6); taken != 4 || len(got) != 6 {
			t.Errorf("%d taken, %v", taken, got)
		}
	})
}

// The goroutine that has taken a command may have to wait for the line. Once the command has begun, only its owner ends
// it.
func TestExpiresAfterItWasTaken(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.ask(`{"id":"a","command":"pump","value":true}`)
		task := b.lane.Take()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if r := b.results(t, 1)[0]; r.String() != "a rejected/expired" || *r.MS != 5000 || task.Begin() {
			t.Errorf("%v after %d ms", r, *r.MS)
		}
		task.Finish(Done())

		b.ask(`{"id":"b","command":"pump","value":true}`)
		task = b.lane.Take()
		time.Sleep(4 * time.Second)
		if !task.Begin() {
			t.Error("it is in time and may not be written")
		}
		time.Sleep(4 * time.Second)
		task.Finish(Done())
		synctest.Wait()
		if got := fmt.Sprint(b.results(t, 2)); got != "[a rejected/expired b done]" {
			t.Error(got)
		}
	})
}

// At the very end of its time a command is either written or reported as expired, never both.
func TestExpiresOrBegins(t *testing.T) {
	const rounds = 200
	inBubble(t, greenhouse, func(b *bench) {
		var owner sync.WaitGroup
		var mu sync.Mutex
		begun := map[string]bool{}
		for i := range rounds {
			b.device.Update(time.Now(), reading21)
			id := fmt.Sprint(i)
			b.ask(`{"id":"` + id + `","command":"reset"}`)
			wait := 5*time.Second - time.Duration(i%3)
			owner.Go(func() {
				task := b.lane.Take()
				time.Sleep(wait)
				if task.Begin() {
					mu.Lock()
					begun[id] = true
					mu.Unlock()
					task.Finish(Done())
				}
			})
			owner.Wait()
		}
		synctest.Wait()
		for _, r := range b.results(t, rounds) {
			if done := r.Status == string(StatusDone); done != begun[r.ID] {
				t.Errorf("%v, and begun is %v", r, begun[r.ID])
			}
		}
		if got := len(b.wire.on(resultTopic)); got != rounds {
			t.Errorf("%d results of %d commands", got, rounds)
		}
	})
}

// Closing a lane leaves no command without its result.
func TestCloseWaitsForWhatExpires(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.ask(`{"id":"a","command":"pump","value":true}`)
		time.Sleep(5 * time.Second) // the timer fires now
		b.lane.Close(CodeStopping, "the gateway is being stopped")
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if got := b.wire.on(resultTopic); len(got) != 1 {
			t.Errorf("%q", got)
		}
	})
}

// A command that was on its way for longer than it may wait is not executed, and costs nothing.
func TestExpiredOnItsWay(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		time.Sleep(6 * time.Second)
		give := func(id string, onWay time.Duration) {
			b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"` + id + `","command":"reset"}`), User: "phone",
				Received: time.Now().Add(-onWay)})
		}
		give("late", 5*time.Second)
		if n := len(b.journal.order); n != 0 {
			t.Errorf("%d commands were written to the disk", n)
		}
		give("in time", 4*time.Second)
		b.lane.Take().Finish(Sent())
		synctest.Wait()
		if got := fmt.Sprint(b.results(t, 2)); got != "[late rejected/expired in time sent]" {
			t.Error(got)
		}
	})
}

// A hub says when a command was sent, at the earliest. The device may have come online since then: it is there when the
// command arrives, so the command is not rejected.
func TestOnlineSinceItArrived(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		time.Sleep(time.Second)
		b.device.Update(time.Now(), reading21)
		b.Handle(Message{Topic: commandTopic, Payload: []byte(`{"id":"a","command":"reset"}`), User: "phone",
			Received: time.Now().Add(-100 * time.Millisecond), Arrived: time.Now()})
		task := b.lane.Take()
		if task == nil {
			t.Fatal("it is rejected")
		}
		task.Finish(Sent())
	})
}
