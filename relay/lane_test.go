package relay

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Nothing waits for a device to come back, however short it was away: what is plugged in now may be another one.
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
