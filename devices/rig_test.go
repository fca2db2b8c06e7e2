package devices

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
	"minirelay/softboard"
)

// rig is a relay with ports whose streams are pipes: the test is the board. It lives in a synctest bubble.
type rig struct {
	t     *testing.T
	relay *relay.Relay
	ports *Ports
	log   *lockedBuffer

	mu        sync.Mutex
	published map[string][]string // payloads by topic
	boards    []*board            // as they were opened
	opened    []serial.Config
	refuse    error // the error of every opening; nil: it succeeds
	serving   sync.WaitGroup
	bus       *softboard.ModbusBus // if there is one, it is at the other end of what is opened
	identity  string
}

// lockedBuffer keeps a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (r *rig) Publish(topic string, payload []byte, qos byte, retain bool, correlation []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.published[topic] = append(r.published[topic], string(payload))
	return nil
}

// inBubble runs do with a rig in a bubble in which time is made by waiting.
func inBubble(t *testing.T, do func(t *testing.T, r *rig)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, log: new(lockedBuffer), published: map[string][]string{}}
		log := slog.New(slog.NewTextHandler(io.MultiWriter(r.log, t.Output()), nil))
		var err error
		if r.relay, err = relay.Start(relay.Config{Root: "minirelay", Gateway: "home", DataDir: dir}, r, log); err != nil {
			t.Fatal(err)
		}
		r.ports = New(r.relay, log)
		r.ports.open, r.ports.pause = r.open, time.Sleep
		r.ports.identity = func(serial.Config) string { r.mu.Lock(); defer r.mu.Unlock(); return r.identity }
		defer func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_ = r.ports.Close(ctx)
			r.serving.Wait()
			if err := r.relay.Close(); err != nil {
				t.Error(err)
			}
		}()
		do(t, r)
	})
}

func (r *rig) open(c serial.Config) (io.ReadWriteCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = append(r.opened, c)
	if r.refuse != nil {
		return nil, r.refuse
	}
	ours, theirs := net.Pipe()
	if r.bus != nil {
		r.serving.Go(func() { _ = r.bus.Serve(theirs) })
		return ours, nil
	}
	r.boards = append(r.boards, &board{Conn: theirs, lines: bufio.NewScanner(theirs), port: c.ID})
	return ours, nil
}

// set changes the error of opening, and the adapter that the path leads to.
func (r *rig) set(identity string, refuse error) {
	r.mu.Lock()
	r.identity, r.refuse = identity, refuse
	r.mu.Unlock()
}

// times returns how often the port was tried to open.
func (r *rig) times() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.opened)
}

// board is the newest board; everything has settled before.
func (r *rig) board() *board {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.boards) == 0 {
		r.t.Fatal("no port is open")
	}
	return r.boards[len(r.boards)-1]
}

// apply applies one device on the port uno.
func (r *rig) apply(d mapping.DeviceConfig) {
	r.t.Helper()
	port := serial.Default()
	port.ID, port.Path = "uno", "/dev/uno"
	if err := r.ports.Apply(Config{Ports: []serial.Config{port}, Devices: []mapping.DeviceConfig{d}}); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
}

// ask sends the device a command, as a person would.
func (r *rig) ask(payload string) {
	synctest.Wait()
	r.relay.Handle(relay.Message{Topic: "minirelay/home/board/command", Payload: []byte(payload), User: "phone", Client: "c"})
	synctest.Wait()
}

// last returns the last payload on a topic of the device, once everything has settled.
func (r *rig) last(leaf string) string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.published["minirelay/home/board/"+leaf]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// stateOf returns the last state of a device, without its time.
func (r *rig) stateOf(device string) string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.published["minirelay/home/"+device+"/state"]
	if len(all) == 0 {
		return ""
	}
	return stamp.ReplaceAllString(all[len(all)-1], "{")
}

var stamp = regexp.MustCompile(`^\{"ts":\d+,?`)

// field returns one value of the last state.
func (r *rig) field(id string) any {
	r.t.Helper()
	var state map[string]any
	if err := json.Unmarshal([]byte(r.last("state")), &state); err != nil {
		r.t.Fatal(err)
	}
	return state[id]
}

// results returns "id status/code after 14ms: message" of each result so far.
func (r *rig) results() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, payload := range r.published["minirelay/home/board/result"] {
		var q struct {
			ID, Status, Code, Message string
			MS                        int
		}
		if err := json.Unmarshal([]byte(payload), &q); err != nil {
			r.t.Fatal(err)
		}
		s := q.ID + " " + q.Status
		if q.Code != "" {
			s += "/" + q.Code
		}
		s += fmt.Sprintf(" after %v", time.Duration(q.MS)*time.Millisecond)
		if q.Message != "" {
			s += ": " + q.Message
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

func (r *rig) counts() wire.Counts {
	synctest.Wait()
	return r.ports.Stats()[0].Counts
}

// board is the other end of an open port.
type board struct {
	net.Conn
	lines *bufio.Scanner
	port  string
}

// say writes lines. A board does not care whether a gateway listens.
func (b *board) say(lines ...string) {
	for _, line := range lines {
		_, _ = io.WriteString(b.Conn, line+"\n")
	}
}

// hear waits for a command; "" if the port is closed.
func (b *board) hear() string {
	if !b.lines.Scan() {
		return ""
	}
	return b.lines.Text()
}

var sentSeq = regexp.MustCompile(`#(\d+)`)

// seqOf returns the number that a command carries.
func seqOf(line string) (seq int) {
	if m := sentSeq.FindStringSubmatch(line); m != nil {
		_, _ = fmt.Sscan(m[1], &seq)
	}
	return seq
}

var errNoPort = &serial.Error{What: "/dev/uno does not exist", Try: "plug it in", Err: errors.New("no")}
