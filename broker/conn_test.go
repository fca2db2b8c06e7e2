package broker

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// pipe is a conn with its other end. Nothing is read from the other end unless the test reads it.
func pipe(t *testing.T) (*conn, net.Conn) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	return newConn(ours, ours, nil, &traffic{}), theirs
}

// A client that accepts nothing for stuckTime is cut, and no publisher waited for it.
func TestStuckClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, theirs := pipe(t)
		begun := time.Now()
		for range 100 {
			if _, err := c.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(begun) != 0 {
			t.Errorf("Write took %v", time.Since(begun))
		}
		<-c.done
		if took := time.Since(begun); took != stuckTime || c.failure() != "it has stopped reading" {
			t.Errorf("cut after %v: %s", took, c.failure())
		}
		if _, err := c.Write([]byte("x")); err == nil {
			t.Error("it still takes bytes")
		}
		theirs.Close()
		synctest.Wait()
		if n := c.traffic.buffered.Load(); n != 0 {
			t.Errorf("%d bytes are still accounted for", n)
		}
	})
}

// A slow client is not a stuck one: any progress counts.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, theirs := pipe(t)
		const all = 10 * writeChunk
		_, _ = c.Write(make([]byte, all))
		for n := 0; n < all; {
			time.Sleep(stuckTime - time.Second)
			m, err := io.ReadFull(theirs, make([]byte, writeChunk))
			if n += m; err != nil {
				t.Fatalf("cut after %d bytes: %v", n, err)
			}
		}
		_ = c.Close()
		<-c.done
	})
}

// More than maxWaiting at one client, or than its user's clients may hold, cuts the client that needs it.
func TestFullBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := pipe(t)
		written := 0
		for {
			n, err := c.Write(make([]byte, 10_000))
			if err != nil {
				break
			}
			written += n
		}
		if written < maxWaiting/2 || written > 2*maxWaiting || c.failure() != "it does not read its messages" {
			t.Errorf("%d bytes were taken: %s", written, c.failure())
		}
		c, _ = pipe(t)
		s := &session{share: newBudget().of("phone")}
		c.session.Store(s)
		s.charge(hardHeld)
		if _, err := c.Write(make([]byte, 2*freeBuffer)); err == nil || c.failure() != crowded {
			t.Errorf("%v: %s", err, c.failure())
		}
		if n := s.share.used.Load(); n != hardHeld {
			t.Errorf("%d bytes are still accounted for", n-hardHeld)
		}
		synctest.Wait()
	})
}

// Close lets the last bytes out, and waits for a client that does not read no longer than closeTime.
func TestCloseFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, theirs := pipe(t)
		_, _ = c.Write([]byte("bye"))
		_ = c.Close()
		_ = c.Close()
		if said, err := io.ReadAll(theirs); string(said) != "bye" || err != nil {
			t.Errorf("%q %v", said, err)
		}
		<-c.done

		c, _ = pipe(t)
		_, _ = c.Write(make([]byte, 10*writeChunk))
		begun := time.Now()
		_ = c.Close()
		<-c.done
		if took := time.Since(begun); took != closeTime || c.failure() != "" {
			t.Errorf("closed after %v: %s", took, c.failure())
		}
		synctest.Wait()
	})
}

// A client that is silent for one and a half times its keepalive is disconnected.
func TestKeepalive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, theirs := pipe(t)
		c.idle = 45 * time.Second
		_ = c.SetDeadline(time.Time{})
		go func() {
			time.Sleep(40 * time.Second)
			_, _ = theirs.Write([]byte("x"))
		}()
		begun := time.Now()
		for {
			if _, err := c.Read(make([]byte, 1)); err != nil {
				break
			}
			_ = c.SetDeadline(time.Time{})
		}
		if took := time.Since(begun); took != 85*time.Second {
			t.Errorf("gone after %v", took)
		}
		c.abort("")
		<-c.done
		synctest.Wait()
	})
}

// Memory taken by a burst is released.
func TestIdleBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, theirs := pipe(t)
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		for range 100 {
			_, _ = c.Write(make([]byte, 1000))
		}
		synctest.Wait()
		c.mu.Lock()
		if n := cap(c.buf); n > keepBuffer || c.flushing {
			t.Errorf("%d bytes are kept", n)
		}
		c.mu.Unlock()
		_ = c.Close()
		<-c.done
	})
}

// A WebSocket client reads the output of frame as one message, whatever its length.
func TestFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		payload := bytes.Repeat([]byte{7}, n)
		framed := frame(append(make([]byte, frameRoom), payload...))
		ours, theirs := net.Pipe()
		go func() {
			_, _ = theirs.Write(framed)
			theirs.Close()
		}()
		ws := websocketOver(ours)
		kind, got, err := ws.ReadMessage()
		if kind != websocket.BinaryMessage || !bytes.Equal(got, payload) || err != nil {
			t.Errorf("%d bytes: kind %d, %d bytes, %v", n, kind, len(got), err)
		}
		ours.Close()
	}
}
