package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// runPipe is the minimal pipe: `bench -child pipe CERT KEY ADDRESS TTY…`. Each line of board n is published unchanged
// on bench/dN, and each message on bench/d0/command is written unchanged to the first board.
func runPipe(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) < 4 {
		return errors.New("a pipe needs a certificate, its key, an address and ports")
	}
	cert, err := tls.LoadX509KeyPair(args[0], args[1])
	if err != nil {
		return err
	}
	server := mochi.New(&mochi.Options{
		InlineClient: true,
		Logger:       slog.New(slog.DiscardHandler),
	})
	defer server.Close()
	if err := server.AddHook(new(anybody), nil); err != nil {
		return err
	}
	if err := server.AddListener(listeners.NewWebsocket(listeners.Config{
		ID: "wss", Address: args[2],
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
	})); err != nil {
		return err
	}
	if err := server.Serve(); err != nil {
		return err
	}
	for i, path := range args[3:] {
		tty, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer tty.Close()
		topic := fmt.Sprintf("bench/d%d", i)
		err = server.Subscribe(topic+"/command", i+1, func(_ *mochi.Client, _ packets.Subscription, pk packets.Packet) {
			tty.Write(pk.Payload) // an error shows as a command without an answer
		})
		if err != nil {
			return err
		}
		go pipeUp(server, topic, tty)
	}
	// The listener binds on a goroutine of its own, without signalling when it has.
	for {
		conn, err := net.Dial("tcp", args[2])
		if err == nil {
			conn.Close()
			break
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, "ready")
	<-ctx.Done()
	return nil
}

// anybody accepts every client and allows everything.
type anybody struct{ mochi.HookBase }

func (anybody) ID() string                                               { return "anybody" }
func (anybody) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (anybody) OnACLCheck(*mochi.Client, string, bool) bool              { return true }
func (anybody) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

// pipeUp publishes each line until the tty is closed.
func pipeUp(server *mochi.Server, topic string, tty *os.File) {
	for lines := bufio.NewReader(tty); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		server.Publish(topic, []byte(strings.TrimSuffix(line, "\n")), false, 0)
	}
}
