package broker

import (
	"encoding/binary"
	"testing"
)

// Random bytes after a CONNECT must neither end the process nor leave anything of the connection behind.
func FuzzConnection(f *testing.F) {
	f.Add([]byte{0x82, 6, 0, 1, 0, 0, 1, 'a'}, byte(5))
	f.Add([]byte{0x30, 3, 0, 1, 'a'}, byte(4))
	f.Add([]byte{0xa2, 5, 0, 1, 0, 1, 'a'}, byte(4))
	f.Add([]byte{0xe0, 0}, byte(4))
	f.Add(encode(f, connectPacket(4, "operator", "x")), byte(5))
	b := start(f, testConfig(f))
	f.Fuzz(func(t *testing.T, bytes []byte, version byte) {
		c := b.connected(t, 4+version&1, "operator", "fuzz", nil)
		_, _ = c.conn.Write(bytes)
		c.conn.Close()
		b.connected(t, 4, "operator", "fuzz", nil).conn.Close()
	})
}

// The same before a CONNECT.
func FuzzFirstBytes(f *testing.F) {
	f.Add(encode(f, connectPacket(4, "operator", "x")))
	f.Add(encode(f, connectPacket(5, "operator", "x")))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(binary.BigEndian.AppendUint32([]byte{0x10}, 0xffffffff))
	b := start(f, testConfig(f))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		c := b.raw(t, 4)
		_, _ = c.conn.Write(bytes)
		c.conn.Close()
		b.connected(t, 4, "operator", "fuzz", nil).conn.Close()
	})
}
