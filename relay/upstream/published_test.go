package upstream

import (
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// keeping is a broker that keeps retained messages, and looks before each new one whether the gateway has noted it.
type keeping struct {
	dir string // of the upstream

	mu      sync.Mutex
	kept    map[string]string
	emptied []string
	unnoted []string
}

func (k *keeping) serve(c net.Conn) {
	for {
		packet, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var answer packets.ControlPacket
		switch q := packet.(type) {
		case *packets.ConnectPacket:
			answer = packets.NewControlPacket(packets.Connack)
		case *packets.PublishPacket:
			k.take(q)
			a := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
			a.MessageID = q.MessageID
			answer = a
		default:
			answer = packets.NewControlPacket(packets.Pingresp)
		}
		if answer.Write(c) != nil {
			return
		}
	}
}

func (k *keeping) take(q *packets.PublishPacket) {
	if !q.Retain {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(q.Payload) == 0 {
		delete(k.kept, q.TopicName)
		k.emptied = append(k.emptied, q.TopicName)
		return
	}
	k.kept[q.TopicName] = string(q.Payload)
	if text, _ := os.ReadFile(filepath.Join(k.dir, "published.json")); !strings.Contains(string(text), `"`+q.TopicName+`"`) {
		k.unnoted = append(k.unnoted, q.TopicName)
	}
}

func (k *keeping) topics() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.kept))
}

// life runs an upstream of a gateway with those devices until done is true. It ends as in a power cut: the next one has
// a copy of its disk.
func life(t *testing.T, k *keeping, c Config, devices []string, done func() bool) (disk string) {
	t.Helper()
	c.ID, c.Root = "cloud", "minirelay"
	k.mu.Lock()
	k.dir = c.Dir
	k.mu.Unlock()
	u, err := start(c, hands{}, slog.New(slog.DiscardHandler), timingOf(&c), readClock)
	if err != nil {
		t.Fatal(err)
	}
	u.Sweep(devices)
	base := ownTopics(&c)
	say(t, u, base+"status", []byte("online"))
	for _, d := range devices {
		say(t, u, base+d+"/model", []byte("{}"))
		say(t, u, base+d+"/availability", []byte("online"))
		say(t, u, base+d+"/state", counted(1))
		say(t, u, "own/"+d, []byte("1"))
	}
	waitFor(t, done)
	disk = t.TempDir()
	if err := os.CopyFS(disk, os.DirFS(c.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := u.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return disk
}

// ownTopics is the beginning of a gateway's own topics.
func ownTopics(c *Config) string { return c.Root + "/" + c.Gateway + "/" }

// A device that is taken out while the gateway is without power leaves nothing behind at the upstream: its topics are
// on the disk before they are published, and emptied at the next connection, once.
func TestGhost(t *testing.T) {
	k := &keeping{kept: map[string]string{}}
	c := testDefault("mqtt://" + listenTCP(t, tcp(t), k.serve))
	c.Dir, c.Gateway, c.Prefix = t.TempDir(), "home", "farm"
	c.Own = map[string]string{"own/a": "a", "own/b": "b"}
	c.Dir = life(t, k, c, []string{"a", "b"}, func() bool { return len(k.topics()) == 9 })
	if len(k.unnoted) > 0 {
		t.Errorf("published before they were noted: %v", k.unnoted)
	}

	c.Own = map[string]string{"own/a": "a"}
	rest := []string{"farm/minirelay/home/a/availability", "farm/minirelay/home/a/model", "farm/minirelay/home/a/state", "farm/minirelay/home/status", "farm/own/a"}
	k.kept["farm/minirelay/home/b/state"] = "an old value"
	c.Dir = life(t, k, c, []string{"a"}, func() bool { return slices.Equal(k.topics(), rest) })
	if len(k.emptied) != 4 {
		t.Errorf("emptied %v", k.emptied)
	}

	// What the config sends no more goes too. The last life has ended before its file was up to date: once more is no harm.
	c.Send = []string{"state", "model", "availability"}
	want := slices.DeleteFunc(slices.Clone(rest), func(topic string) bool { return topic == "farm/own/a" })
	c.Dir = life(t, k, c, []string{"a"}, func() bool { return slices.Equal(k.topics(), want) })
	for _, topic := range k.emptied {
		if strings.Contains(topic, "/a/") || strings.HasSuffix(topic, "/status") {
			t.Errorf("emptied %s", topic)
		}
	}

	// The topics of an earlier id may be another gateway's by now.
	c.Gateway = "shed"
	before := len(k.emptied)
	life(t, k, c, []string{"c"}, func() bool { return len(k.topics()) == len(want)+4 })
	if len(k.emptied) != before {
		t.Errorf("emptied %v", k.emptied[before:])
	}
}

// A disk that cannot be written to keeps nothing from going up, and a damaged file does not keep the gateway from
// starting.
func TestPublishedWithoutDisk(t *testing.T) {
	k := &keeping{kept: map[string]string{}}
	c := testDefault("mqtt://" + listenTCP(t, tcp(t), k.serve))
	c.Dir, c.Gateway = t.TempDir(), "home"
	if err := os.Mkdir(filepath.Join(c.Dir, "published.json"), 0o700); err != nil { // in the way of the file
		t.Fatal(err)
	}
	life(t, k, c, []string{"a"}, func() bool { return len(k.topics()) == 4 })

	c.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Dir, "published.json"), []byte(`{"base":`), 0o600); err != nil {
		t.Fatal(err)
	}
	k.unnoted = nil
	life(t, k, c, []string{"a", "b"}, func() bool { return len(k.topics()) == 7 })
	if len(k.unnoted) > 0 {
		t.Errorf("after a damaged file: %v", k.unnoted)
	}
}
