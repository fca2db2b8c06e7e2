package upstream

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// then is a reading of a clock that is set.
func then() instant {
	return instant{Wall: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Boot: "a", Up: time.Hour, Sure: true}
}

func openQueue(t *testing.T, dir string, maxFile int64) *queue {
	t.Helper()
	q := &queue{dir: dir, maxFile: maxFile}
	if _, err := q.open(then()); err != nil {
		t.Fatal(err)
	}
	q.start(then())
	t.Cleanup(func() { q.closeReader(); q.close() })
	return q
}

// put keeps a message; live as with a connection.
func put(t *testing.T, q *queue, n int, live bool) *item {
	t.Helper()
	i := q.newItem("greenhouse/state", fmt.Appendf(nil, `{"ts":1767323045000,"n":%d}`, n))
	if _, err := q.keep(i); err != nil {
		t.Fatal(err)
	}
	q.offer(i, live)
	return i
}

// drain takes the whole backlog without acknowledging it.
func drain(t *testing.T, q *queue) []*item {
	t.Helper()
	var all []*item
	for {
		i, err := q.backlog()
		if err != nil {
			t.Fatal(err)
		}
		if i == nil {
			return all
		}
		all = append(all, i)
	}
}

func numbers(items []*item) (ns []int) {
	for _, i := range items {
		var n int
		fmt.Sscanf(string(i.payload), `{"ts":1767323045000,"n":%d}`, &n)
		ns = append(ns, n)
	}
	return ns
}

func upTo(from, to int) (ns []int) {
	for n := from; n <= to; n++ {
		ns = append(ns, n)
	}
	return ns
}

// Unacknowledged messages come back after a restart, in order, over many files, with new messages after them.
func TestBacklogSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	q := openQueue(t, dir, 512)
	for n := 1; n <= 100; n++ {
		put(t, q, n, false)
	}
	for range 40 {
		i, err := q.backlog()
		if err != nil {
			t.Fatal(err)
		}
		q.done(i)
	}
	drain(t, q) // in flight, and never acknowledged
	if err := q.saveCursor(); err != nil {
		t.Fatal(err)
	}
	last := q.next
	q.close()

	q = openQueue(t, dir, 512)
	put(t, q, 101, false)
	got := drain(t, q)
	if fmt.Sprint(numbers(got)) != fmt.Sprint(upTo(41, 101)) {
		t.Errorf("got %v", numbers(got))
	}
	if first := got[len(got)-1].number; first < last {
		t.Errorf("the number %d was given before: %d", first, last)
	}
	for _, i := range got {
		q.done(i)
	}
	if err := q.saveCursor(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.seg")); len(files) != 1 {
		t.Errorf("unneeded files were kept: %v", files)
	}
}

// A batch that spans several files before any of it is offered is as safe as messages written one by one, even if the
// gateway is killed before it is offered.
func TestBatchOverManyFiles(t *testing.T) {
	dir := t.TempDir()
	q := openQueue(t, dir, 512)
	var batch []*item
	for n := 1; n <= 60; n++ {
		i := q.newItem("greenhouse/state", fmt.Appendf(nil, `{"ts":1767323045000,"n":%d}`, n))
		if _, err := q.keep(i); err != nil {
			t.Fatal(err)
		}
		batch = append(batch, i)
	}
	killed := t.TempDir()
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, i := range batch {
		q.offer(i, false)
	}
	if got := numbers(drain(t, q)); fmt.Sprint(got) != fmt.Sprint(upTo(1, 60)) {
		t.Errorf("got %v", got)
	}
	if got := numbers(drain(t, openQueue(t, killed, 512))); fmt.Sprint(got) != fmt.Sprint(upTo(1, 60)) {
		t.Errorf("after a kill: %v", got)
	}
}

// A connection that ends returns everything, and it is sent again before later messages.
func TestRecallKeepsTheOrder(t *testing.T) {
	q := openQueue(t, t.TempDir(), 1<<20)
	put(t, q, 1, false)
	put(t, q, 2, false)
	sent := put(t, q, 3, true)
	if got := q.takeLive(); got != sent {
		t.Fatal("the live one comes first")
	}
	first, _ := q.backlog()
	if got := numbers([]*item{first}); got[0] != 1 {
		t.Fatalf("got %v", got)
	}
	put(t, q, 4, true)
	q.recall([]*item{sent, first})
	put(t, q, 5, false)
	if got := numbers(drain(t, q)); fmt.Sprint(got) != "[1 2 3 4 5]" {
		t.Errorf("got %v", got)
	}
}

// A backlog does not overtake a live message that may come back.
func TestBacklogWaitsForOlderLiveOnes(t *testing.T) {
	q := openQueue(t, t.TempDir(), 1<<20)
	live := put(t, q, 1, true)
	q.takeLive()
	put(t, q, 2, false)
	if got := drain(t, q); len(got) != 0 {
		t.Fatalf("got %v", numbers(got))
	}
	q.done(live)
	if got := numbers(drain(t, q)); fmt.Sprint(got) != "[2]" {
		t.Errorf("got %v", got)
	}
}

// More live messages than memory may hold wait on the disk, the newest stay live.
func TestLiveOverflow(t *testing.T) {
	q := openQueue(t, t.TempDir(), 1<<20)
	for n := 1; n <= maxLive+10; n++ {
		put(t, q, n, true)
	}
	if first := numbers([]*item{q.takeLive()}); first[0] != 11 {
		t.Errorf("the first live one is %v", first)
	}
	if got := numbers(drain(t, q)); fmt.Sprint(got) != fmt.Sprint(upTo(1, 10)) {
		t.Errorf("got %v", got)
	}
}

// small makes an outbox with messages 1 to 12, of which the first four are acknowledged, and returns its file.
func small(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	q := openQueue(t, dir, 1<<20)
	for n := 1; n <= 12; n++ {
		put(t, q, n, false)
		if n == 8 {
			for range 4 {
				i, err := q.backlog()
				if err != nil {
					t.Fatal(err)
				}
				q.done(i)
			}
			if err := q.saveCursor(); err != nil {
				t.Fatal(err)
			}
		}
	}
	q.close()
	data, err := os.ReadFile(filepath.Join(dir, "00000001.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reopened returns the messages in an outbox with that file, by number, and its queue.
func reopened(t *testing.T, data []byte) map[int]bool {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "00000001.seg"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	q := openQueue(t, dir, 1<<20)
	got := map[int]bool{}
	last := 0
	for _, i := range drain(t, q) {
		n := numbers([]*item{i})[0]
		if want := fmt.Sprintf(`{"ts":1767323045000,"n":%d}`, n); string(i.payload) != want || i.topic != "greenhouse/state" || n <= last {
			t.Fatalf("a wrong message: %s %s after %d", i.topic, i.payload, last)
		}
		last, got[n] = n, true
	}
	put(t, q, 99, false)
	if again := numbers(drain(t, q)); fmt.Sprint(again) != "[99]" {
		t.Fatalf("after writing on: %v", again)
	}
	q.closeReader()
	q.close()
	return got
}

// Whichever byte the disk damages, the outbox opens, and at most the one message that contained the byte is lost.
func TestEachByteSpoilt(t *testing.T) {
	data := small(t)
	for at := range data {
		for _, bit := range []byte{0x01, 0x80} {
			spoilt := bytes.Clone(data)
			spoilt[at] ^= bit
			lost := 0
			got := reopened(t, spoilt)
			for n := 5; n <= 12; n++ {
				if !got[n] {
					lost++
				}
			}
			if lost > 1 {
				t.Fatalf("byte %d ^ %#x: got %v", at, bit, got)
			}
		}
	}
}

// Wherever the file ends, everything before is there.
func TestEachLength(t *testing.T) {
	data := small(t)
	whole := func(n int) int {
		return bytes.Index(data, fmt.Appendf(nil, `"n":%d}`, n)) + len(fmt.Sprintf(`"n":%d}`, n))
	}
	for length := range data {
		got := reopened(t, data[:length])
		for n := 5; n <= 12; n++ {
			if got[n] != (whole(n) <= length) {
				t.Fatalf("%d of %d bytes: got %v", length, len(data), got)
			}
		}
	}
}

// A damaged older file costs only the damaged records; the loss is counted.
func TestDamagedOlderFile(t *testing.T) {
	dir := t.TempDir()
	q := openQueue(t, dir, 512)
	for n := 1; n <= 60; n++ {
		put(t, q, n, false)
	}
	q.close()
	files, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if len(files) < 4 {
		t.Fatalf("%d files", len(files))
	}
	if err := os.WriteFile(files[1], bytes.Repeat([]byte{0xff}, 512), 0o600); err != nil {
		t.Fatal(err)
	}
	q = openQueue(t, dir, 512)
	got := numbers(drain(t, q))
	if len(got) < 45 || got[0] != 1 || got[len(got)-1] != 60 || int(q.damaged) != 60-len(got) {
		t.Errorf("%d came, %d counted as damaged: %v", len(got), q.damaged, got)
	}
}

// The bounds push out the oldest files, and count the messages in them.
func TestDropOldest(t *testing.T) {
	q := openQueue(t, t.TempDir(), 512)
	for n := 1; n <= 60; n++ {
		put(t, q, n, false)
	}
	before := q.size()
	lost, ok, err := q.dropOldest()
	if err != nil || !ok || lost == 0 || q.size() >= before {
		t.Fatalf("lost %d, %v, %v; %d of %d bytes", lost, ok, err, q.size(), before)
	}
	if got := numbers(drain(t, q)); got[0] != int(lost)+1 || len(got) != 60-int(lost) || q.damaged != 0 {
		t.Errorf("lost %d, got %v", lost, got)
	}
	for ok {
		_, ok, _ = q.dropOldest()
	}
	if put(t, q, 61, false); q.waiting() == 0 {
		t.Error("the file that is written to was dropped")
	}
}

// Even after a restart with a clock that was never set, no number is used twice.
func TestNumbersGrowWithoutAClock(t *testing.T) {
	dir := t.TempDir()
	unset := instant{Wall: time.Unix(60, 0), Boot: "b", Up: time.Minute}
	var last uint64
	for range 3 {
		q := &queue{dir: dir, maxFile: 1 << 20}
		if _, err := q.open(unset); err != nil {
			t.Fatal(err)
		}
		i := put(t, q, 1, false)
		if i.number <= last || i.number > 1<<53 {
			t.Fatalf("%d after %d", i.number, last)
		}
		last = i.number
		q.close()
	}
}
