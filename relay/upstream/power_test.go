//go:build e2e

package upstream

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestPowerCut copies the file system of a running gateway's outbox, as a power cut would leave it, and lets another
// gateway continue with the copy: with sync = "always" every message reported as kept is there. It needs root and loop
// devices; MINIRELAY_SOAK=1 runs it.
func TestPowerCut(t *testing.T) {
	if !soak() {
		return
	}
	for _, sync := range []string{"always", "batched"} {
		t.Run(sync, func(t *testing.T) {
			kept, lost := 0, 0
			for range 10 {
				k, l := powerCut(t, sync)
				kept, lost = kept+k, lost+l
			}
			t.Logf("sync = %q: 10 power cuts, %d readings kept before them, %d lost", sync, kept, lost)
			if sync == "always" && lost > 0 {
				t.Fail()
			}
		})
	}
}

// disk makes a file system in an image of its own and mounts it.
func disk(t *testing.T, image string, fresh bool) string {
	t.Helper()
	dir := t.TempDir()
	if fresh {
		command(t, "truncate", "-s", "64M", image)
		command(t, "mkfs.ext4", "-q", image)
	}
	command(t, "mount", "-o", "loop", image, dir)
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	return dir
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func powerCut(t *testing.T, sync string) (kept, lost int) {
	dir := t.TempDir()
	image := filepath.Join(dir, "image")
	nobody := fmt.Sprintf("mqtt://127.0.0.1:%d", freePort(t))
	gateway := startChild(t, disk(t, image, true), nobody, sync, 2000, 1<<30, []int{1, 1, 1})
	defer gateway.kill()
	time.Sleep(500*time.Millisecond + time.Duration(time.Now().UnixNano()%int64(time.Second)))
	// While stopped, it writes nothing to the image being copied. Data that it has written but not synced is in memory
	// and not in the image.
	gateway.cmd.Process.Signal(syscall.SIGSTOP)
	eventually(t, "all it has said is read", func() bool {
		before := gateway.next()
		time.Sleep(50 * time.Millisecond)
		return fmt.Sprint(before) == fmt.Sprint(gateway.next())
	})
	next := gateway.next()
	command(t, "cp", image, image+".cut")

	m := newMosquitto(t)
	phone := newConsumer(t, m.url(), "minirelay/#")
	after := startChild(t, disk(t, image+".cut", false), m.url(), sync, 1, 0, []int{1, 1, 1})
	eventually(t, "the copy has sent what it has", func() bool {
		after.mu.Lock()
		defer after.mu.Unlock()
		return after.waiting == 0
	})
	after.end(t)
	for d, n := range next {
		seen := phone.tally(t, d).seen
		kept += n - 1
		for k := 1; k < n; k++ {
			if !seen[k] {
				lost++
			}
		}
	}
	m.stop()
	_ = os.Remove(image + ".cut")
	return kept, lost
}
