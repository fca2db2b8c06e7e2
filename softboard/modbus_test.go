package softboard

import (
	"encoding/hex"
	"io"
	"net"
	"testing"
	"time"
)

// talk serves a bus on one end of a pipe and returns the other.
func talk(t *testing.T, b *ModbusBus) net.Conn {
	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- b.Serve(theirs) }()
	t.Cleanup(func() { ours.Close(); theirs.Close(); <-done })
	return ours
}

// The requests and answers of the specification's own examples: MODBUS Application Protocol V1.1b3, sections 6.1 to
// 6.16, at unit 1.
func TestModbusUnit(t *testing.T) {
	u := NewModbusUnit(1)
	u.Set(Coils, 19, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1)
	u.Set(Coils, 172, 0)
	u.Set(HoldingRegisters, 107, 0x022B, 0, 0x0064)
	u.Set(HoldingRegisters, 1, 0, 0)
	u.Set(HoldingRegisters, 4, 0x0012)
	u.Set(InputRegisters, 8, 10)
	b := &ModbusBus{Units: []*ModbusUnit{u}}
	for _, tt := range []struct{ name, request, want string }{
		{"read coils", "0100130013", "0103cd6b05"},
		{"read holding registers", "03006b0003", "0306022b00000064"},
		{"read input registers", "0400080001", "0402000a"},
		{"write single coil", "0500acff00", "0500acff00"},
		{"write single register", "0600010003", "0600010003"},
		{"write multiple coils", "0f0013000a02cd01", "0f0013000a"},
		{"write multiple registers", "10000100020400 0a0102", "1000010002"},
		{"mask write register", "16000400f20025", "16000400f20025"},
		{"no such register", "0300000001", "8302"},
		{"no registers at all", "03006b0000", "8303"},
		{"no coil value", "0500ac1234", "8503"},
		{"no such function", "4100010002", "c101"},
	} {
		pdu := unhex(t, tt.request)
		got, _ := u.serve(pdu)
		if hex.EncodeToString(got) != tt.want {
			t.Errorf("%s: %x instead of %s", tt.name, got, tt.want)
		}
	}
	if w, _ := u.Get(HoldingRegisters, 4); w != 0x17 {
		t.Errorf("the mask made %#x of 0x12", w)
	}
	if len(b.Requests()) != 0 {
		t.Error("requests out of nothing")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	var clean []byte
	for _, c := range []byte(s) {
		if c != ' ' {
			clean = append(clean, c)
		}
	}
	b, err := hex.DecodeString(string(clean))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A request in pieces, after noise, to another unit, to all units, and to a unit that is deaf.
func TestModbusBus(t *testing.T) {
	a, deaf := NewModbusUnit(1).Set(HoldingRegisters, 0, 7), NewModbusUnit(2).Set(HoldingRegisters, 0, 8)
	deaf.Deafen(true)
	b := &ModbusBus{Units: []*ModbusUnit{a, deaf}}
	wire := talk(t, b)
	send := func(s string) {
		if _, err := wire.Write(unhex(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	const read1 = "010300000001840a"
	send("fe01" + read1[:6])
	send(read1[6:])
	want := "01030200 07f986"
	got := make([]byte, len(unhex(t, want)))
	if _, err := io.ReadFull(wire, got); err != nil || hex.EncodeToString(got) != hex.EncodeToString(unhex(t, want)) {
		t.Errorf("%x: %v", got, err)
	}
	send("0203000000018439")      // to the deaf one
	send("000600000009" + "481d") // to all units
	send(read1)                   // so that the broadcast has been processed
	if _, err := io.ReadFull(wire, got); err != nil || got[4] != 9 {
		t.Errorf("%x: %v", got, err)
	}
	if w, _ := deaf.Get(HoldingRegisters, 0); w != 8 {
		t.Error("it hears though it is deaf")
	}
	if n := len(b.Requests()); n != 4 {
		t.Errorf("%d requests: %v", n, b.Requests())
	}
}

func TestModbusASCII(t *testing.T) {
	u := NewModbusUnit(1).Set(HoldingRegisters, 0, 0xABCD)
	u.Slow(time.Millisecond)
	wire := talk(t, &ModbusBus{Units: []*ModbusUnit{u}, ASCII: true})
	if _, err := io.WriteString(wire, "x:0103\r\n:010300000001FB\r\n"); err != nil {
		t.Fatal(err)
	}
	const want = ":010302ABCD82\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(wire, got); err != nil || string(got) != want {
		t.Errorf("%q: %v", got, err)
	}
}
