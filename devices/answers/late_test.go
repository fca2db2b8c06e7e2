package answers

import (
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/codec"
)

// Questions whose answers look alike wait for each other's late answers; no others do.
func TestLateAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		query := func(shape, refusal string) Question { return ToQuery(&codec.Query{Shape: shape, Refusal: refusal}) }
		a, like, no, other, plain := query("x", "n"), query("x", ""), query("y", "n"), query("z", ""), query("", "")
		l := Late{Taken: make(chan struct{}, 1)}
		in := func(d time.Duration) time.Time { return time.Now().Add(d) }
		waits := func(q Question) time.Duration { return max(0, time.Until(l.Wait(q))) }

		l.Expect(a, false, in(time.Second))
		if waits(like) != 0 {
			t.Error("nothing was late")
		}
		l.Expect(a, true, in(time.Second))
		if waits(a) != 0 || waits(like) != time.Second || waits(no) != time.Second || waits(other) != 0 || waits(plain) != 0 {
			t.Error("its own next try waits, or what looks like it does not, or something else does")
		}
		l.Expect(plain, true, in(time.Hour))
		if waits(query("", "")) != 0 {
			t.Error("an answer that shows which question it answers is waited for")
		}
		time.Sleep(500 * time.Millisecond)
		l.Expect(a, false, in(time.Second)) // answered, perhaps by the answer to the try before
		if waits(like) != time.Second {
			t.Errorf("then for %v", waits(like))
		}
		l.Expect(like, false, in(time.Hour)) // which cannot end what is expected from another
		if waits(other) != 0 || waits(query("x", "")) != time.Second {
			t.Error("another's answer ends it")
		}
		time.Sleep(time.Second)
		if waits(like) != 0 {
			t.Error("what did not come in time is waited for")
		}
		l.Begin(like)
		if !l.Doubts(like, codec.Fits) || l.Doubts(like, codec.Fits) {
			t.Error("the first answer behind it may be the late one, and the second cannot")
		}
		l.Begin(no)
		if l.Doubts(no, codec.Fits) || !l.Doubts(no, codec.Refused) {
			t.Error("a late refusal may be another's, and no other answer")
		}
		l.Expect(a, true, in(time.Second))
		time.Sleep(forgotten + 2*time.Second)
		if l.Begin(like); l.Doubts(like, codec.Fits) {
			t.Error("what is over is remembered")
		}
	})
}
