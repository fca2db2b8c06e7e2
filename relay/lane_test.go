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
