package relay

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// No command waits for a device to come back, however short the gap: another device may be plugged in now.
func TestDeviceThatWasAwayWhileTheCommandWaited(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		b.device.Update(time.Now(), reading21)
		b.ask(`{"id":"a","command":"pump","value":true}`)
		time.Sleep(time.Second)
		b.device.Lost("unplugged")
		time.Sleep(time.Second)
		b.device.Update(time.Now(), reading21)
		b.ask(`{"id":"b","command":"fan","value":5}`)
		if task := b.lane.Take(); task == nil || task.Command != 1 {
			t.Errorf("%+v", task)
		} else {
			task.Finish(Done())
		}
		synctest.Wait()
		if got := fmt.Sprint(b.results(t, 2)); got != "[a rejected/offline b done]" {
			t.Error(got)
		}
	})
}

// askAs sends a command as another user.
func (b *bench) askAs(user, payload string) {
	b.Handle(Message{Topic: commandTopic, Payload: []byte(payload), User: user, Client: user})
}

// One person cannot fill the lane: whoever has fewer commands in it gets a place, and is served in turn.
func TestLaneIsSharedByPersons(t *testing.T) {
	b := start(t) // its lane has four places
	for i := range 6 {
		b.askAs("greedy", fmt.Sprintf(`{"id":"g%d","command":"reset"}`, i))
	}
	b.askAs("phone", `{"id":"p0","command":"reset"}`)
	b.askAs("phone", `{"id":"p1","command":"reset"}`)
	b.askAs("phone", `{"id":"p2","command":"reset"}`) // now both have two
	for task := b.lane.Take(); task != nil; task = b.lane.Take() {
		task.Finish(Sent())
	}
	want := "[g4 rejected/busy g5 rejected/busy g3 rejected/busy g2 rejected/busy p2 rejected/busy g0 sent p0 sent g1 sent p1 sent]"
	if got := fmt.Sprint(b.results(t, 9)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A person who keeps the lane full delays another one by one command, not by all that wait.
func TestOneCommandBetweenTwoPersons(t *testing.T) {
	inBubble(t, greenhouse, func(b *bench) {
		n := 0
		fill := func() {
			for range 4 {
				n++
				b.askAs("greedy", fmt.Sprintf(`{"id":"g%d","command":"reset"}`, n))
			}
		}
		for round := range 20 {
			b.device.Update(time.Now(), reading21)
			fill()
			asked := time.Now()
			id := fmt.Sprintf("p%d", round)
			b.askAs("phone", `{"id":"`+id+`","command":"reset"}`)
			for took := 0; ; took++ {
				task := b.lane.Take()
				if task == nil {
					t.Fatalf("round %d: the command has no place", round)
				}
				time.Sleep(50 * time.Millisecond) // on the wire
				task.Finish(Sent())
				fill()
				if task.person == "phone" {
					break
				}
			}
			if waited := time.Since(asked); waited > 100*time.Millisecond {
				t.Errorf("round %d: it took %v", round, waited)
			}
		}
		for task := b.lane.Take(); task != nil; task = b.lane.Take() {
			task.Finish(Sent())
		}
	})
}
