package upstream

import (
	"fmt"
	"testing"
	"time"
)

// at is a clock reading of a machine that has been up for the given time.
func at(wall time.Time, up time.Duration, boot string, sure bool) instant {
	return instant{Wall: wall, Boot: boot, Up: up, Sure: sure}
}

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	unset = time.Unix(100, 0)
)

func TestCorrection(t *testing.T) {
	before := epochOf(at(unset, 100*time.Second, "a", false))
	after := epochOf(at(noon, 160*time.Second, "a", true))
	behind := epochOf(at(noon.Add(-time.Hour), 100*time.Second, "a", false)) // left by the last shutdown
	hour := int64(3600_000)
	for name, c := range map[string]struct {
		ts    int64
		then  epoch
		known []epoch
		want  int64
		set   bool
	}{
		"a clock that was right":               {noon.UnixMilli(), after, []epoch{after}, noon.UnixMilli(), true},
		"set 60 s later":                       {unset.UnixMilli(), before, []epoch{before, after}, noon.Add(-time.Minute).UnixMilli(), true},
		"not set yet":                          {unset.UnixMilli(), before, []epoch{before}, unset.UnixMilli(), false},
		"switched off before it was set":       {unset.UnixMilli(), before, []epoch{before, epochOf(at(noon, time.Minute, "b", true))}, unset.UnixMilli(), false},
		"an old value published behind":        {unset.UnixMilli(), after, []epoch{before, after}, noon.Add(-time.Minute).UnixMilli(), true},
		"an hour behind, then put right":       {noon.UnixMilli() - hour - 60_000, behind, []epoch{behind, after}, noon.UnixMilli() - 120_000, true},
		"plausible, and nobody ever sets it":   {noon.UnixMilli(), behind, []epoch{behind}, noon.UnixMilli(), true},
		"a machine whose boots cannot be told": {unset.UnixMilli(), epoch{offset: before.offset}, []epoch{{offset: after.offset, sure: true}}, unset.UnixMilli(), false},
	} {
		by, set := correction(c.ts, c.then, c.known)
		if c.ts+by != c.want || set != c.set {
			t.Errorf("%s: %v, %v; want %v, %v", name, time.UnixMilli(c.ts+by).UTC(), set, time.UnixMilli(c.want).UTC(), c.set)
		}
	}
}

// Readings taken before the clock was set wait for it, and are sent with corrected times, even after a restart of the
// gateway; readings whose machine restarted before its clock was set are sent with a mark.
func TestReadingsBeforeTheClockIsSet(t *testing.T) {
	dir := t.TempDir()
	take := func(q *queue, now instant) {
		q.noteClock(now)
		i := q.newItem("g/state", fmt.Appendf(nil, `{"ts":%d,"t":1}`, now.Wall.UnixMilli()))
		if _, err := q.keep(i); err != nil {
			t.Fatal(err)
		}
		q.offer(i, false)
	}
	open := func(now instant) *queue {
		q := &queue{dir: dir, maxFile: 1 << 20}
		if _, err := q.open(now); err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := open(at(unset, 50*time.Second, "first", false))
	take(q, at(unset, 50*time.Second, "first", false))
	q.close()

	second := at(unset, 10*time.Second, "second", false)
	q = open(second)
	take(q, second)
	if got := drain(t, q); len(got) != 0 {
		t.Fatalf("%s goes up with a clock that is not set", got[0].body())
	}
	q.closeReader()
	q.close()
	q = open(at(unset.Add(time.Minute), 70*time.Second, "second", false))
	take(q, at(unset.Add(time.Minute), 70*time.Second, "second", false))
	q.noteClock(at(noon, 130*time.Second, "second", true))
	take(q, at(noon, 130*time.Second, "second", true))
	var got []string
	for _, i := range drain(t, q) {
		ts, _, _ := timestamp(i.body())
		mark := ""
		if i.unset {
			mark = " unset"
		}
		got = append(got, time.UnixMilli(ts).UTC().Format("2006 15:04:05")+mark)
	}
	q.closeReader()
	q.close()
	want := []string{"1970 00:01:40 unset", "2026 11:58:00", "2026 11:59:00", "2026 12:00:00"}
	if len(got) != 4 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
		t.Errorf("got %q, want %q", got, want)
	}
}
