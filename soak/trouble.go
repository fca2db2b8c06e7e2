package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// pause waits between least and most, or until ctx ends; then it returns false.
func pause(ctx context.Context, least, most time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(least + rand.N(most-least+1)):
		return true
	}
}

// unplug unplugs boards and plugs them in again.
func unplug(ctx context.Context, f *fleet) {
	for pause(ctx, 500*time.Millisecond, 4*time.Second) {
		line := f.lines[rand.IntN(len(f.lines))]
		_ = line.Unplug()
		pause(ctx, 50*time.Millisecond, 3*time.Second)
		_ = line.Replug()
	}
}

// reload saves the config again: with another name, broken, or as it was.
func reload(ctx context.Context, g *gateway) {
	for i := 1; pause(ctx, 2*time.Second, 8*time.Second); i++ {
		text := g.config(fmt.Sprint("soak ", i))
		if i%3 == 0 {
			text = "[gateway\n" + text
		}
		if err := os.WriteFile(g.path+"~", []byte(text), 0o600); err == nil {
			_ = os.Rename(g.path+"~", g.path)
		}
	}
	_ = os.WriteFile(g.path, []byte(g.config("soak")), 0o600)
}

// comeAndGo is a phone: it connects, reads for a while, and leaves, with or without DISCONNECT.
func comeAndGo(ctx context.Context, g *gateway, number int) {
	for i := 0; pause(ctx, 0, 5*time.Second); i++ {
		c, err := dial(g, "phone", fmt.Sprintf("phone-%d", number), func(error) {})
		if err != nil {
			continue // a busy machine; the client comes again
		}
		c.Subscribe("minirelay/#", byte(i%2), nil)
		pause(ctx, 500*time.Millisecond, 15*time.Second)
		c.Disconnect(uint(rand.IntN(2) * 100))
	}
}

// open allows everything to every client at the broker on the internet.
type open struct{ mochi.HookBase }

func (*open) Provides(b byte) bool                                     { return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck }
func (*open) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (*open) OnACLCheck(*mochi.Client, string, bool) bool              { return true }

// flapping is a broker on the internet, behind a line that is cut again and again.
type flapping struct {
	broker *mochi.Server
	behind string
	line   net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	down  bool
	all   sync.WaitGroup
}

func newFlapping(ctx context.Context) (*flapping, error) {
	f := &flapping{conns: map[net.Conn]bool{},
		broker: mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})}
	if err := f.broker.AddHook(new(open), nil); err != nil {
		return nil, err
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.behind = inner.Addr().String()
	if err := f.broker.AddListener(listeners.NewNet("cloud", inner)); err != nil {
		return nil, err
	}
	if err := f.broker.Serve(); err != nil {
		return nil, err
	}
	if f.line, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	f.all.Go(f.accept)
	return f, nil
}

func (f *flapping) address() string { return f.line.Addr().String() }

func (f *flapping) accept() {
	for {
		c, err := f.line.Accept()
		if err != nil {
			return
		}
		f.all.Go(func() { f.pass(c) })
	}
}

// pass passes bytes on, unless the line is down.
func (f *flapping) pass(c net.Conn) {
	defer c.Close()
	f.mu.Lock()
	down := f.down
	f.conns[c] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.conns, c)
		f.mu.Unlock()
	}()
	if down {
		return
	}
	there, err := net.Dial("tcp", f.behind)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(there, c); _ = there.Close() })
	both.Go(func() { _, _ = io.Copy(c, there); _ = c.Close() })
	both.Wait()
}

// flap cuts the line for a while.
func (f *flapping) flap(ctx context.Context) {
	for pause(ctx, 2*time.Second, 10*time.Second) {
		f.cut(true)
		pause(ctx, 100*time.Millisecond, 5*time.Second)
		f.cut(false)
	}
	f.cut(false)
}

func (f *flapping) cut(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
	if down {
		for c := range f.conns {
			_ = c.Close()
		}
	}
}

func (f *flapping) close() {
	_ = f.line.Close()
	f.cut(true)
	f.all.Wait()
	_ = f.broker.Close()
}
