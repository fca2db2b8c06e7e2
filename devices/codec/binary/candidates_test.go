package binary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
)

// frameTable is a [frame] table with what the change says.
func frameTable(change func(*mapping.FrameConfig)) mapping.FrameConfig {
	f := mapping.DefaultFrame()
	change(&f)
	return f
}

// announced is the frame of many Chinese modules: AA 55, the number of bytes that follow, data, CRC-16.
var announced = frameTable(func(f *mapping.FrameConfig) {
	f.Start, f.LengthAt, f.LengthAdd, f.Checksum = "AA 55", 2, 3, "crc16-modbus"
})

// build makes a frame of the spec around data.
func build(s *frameRules, data []byte) []byte {
	frame := slices.Clone(s.start)
	if s.lengthAt >= 0 {
		n := len(s.start) + s.announced.Size + len(data) + s.sum.Size + len(s.end) - s.lengthAdd
		frame, _ = s.announced.Append(frame, float64(n))
	}
	frame = append(frame, data...)
	if s.hasSum {
		frame = s.sum.Append(frame, max(s.from, 0), s.sumLittle)
	}
	return append(frame, s.end...)
}

// cutAll returns all frames in a reader, and its error.
func cutAll(f mapping.FrameConfig, r io.Reader, tap *wire.Tap) ([][]byte, error) {
	d := mapping.DefaultDevice()
	d.Frame = f
	framer := NewFramer(d, r, tap)
	var all [][]byte
	for {
		frame, err := framer.Next(300)
		if err != nil {
			return all, err
		}
		all = append(all, bytes.Clone(frame.Bytes))
	}
}

// badly are the ways in which a reader may give its bytes.
var badly = map[string]func(io.Reader) io.Reader{
	"as it comes": func(r io.Reader) io.Reader { return r },
	"by bytes":    iotest.OneByteReader, "by halves": iotest.HalfReader, "with the error": iotest.DataErrReader,
}

// Frames as they are cut: what is a frame, and what is dropped and how it is counted.
func TestCutBinary(t *testing.T) {
	fixed := frameTable(func(f *mapping.FrameConfig) { f.Start, f.Length, f.Checksum = "42 4D", 5, "sum16" })
	ended := frameTable(func(f *mapping.FrameConfig) { f.Start, f.End, f.Checksum = "02", "03", "xor8" })
	bare := frameTable(func(f *mapping.FrameConfig) { f.Length, f.Checksum = 4, "crc16-modbus" })
	closed := frameTable(func(f *mapping.FrameConfig) { f.Start, f.LengthAt, f.LengthAdd, f.End = "F4 F3", 2, 5, "F8 F7" })
	slip := frameTable(func(f *mapping.FrameConfig) { f.Stuffing, f.Checksum = "slip", "crc16-xmodem" })
	lines := frameTable(func(f *mapping.FrameConfig) { f.End = "0D 0A" })
	for _, tt := range []struct {
		name           string
		frame          mapping.FrameConfig
		wire, want     string
		damaged, noise uint64
	}{
		{"whole", fixed, "424D010090", "424D010090", 0, 0},
		{"two", fixed, "424D010090424D020091", "424D010090 424D020091", 0, 0},
		{"noise before", fixed, "0042FF424D010090", "424D010090", 0, 1},
		{"damaged", fixed, "424D010091424D020091", "424D020091", 1, 0},
		{"cut off", fixed, "424D01424D020091", "424D020091", 1, 0},
		{"start within", fixed, "42424D010090", "424D010090", 0, 1},
		{"the end is missing", fixed, "424D010090424D02", "424D010090", 1, 0},
		{"by its end", ended, "02313203020304", "", 1, 0},
		{"the end within", ended, "0241037303", "", 1, 0},
		{"by start and end", ended, "02310003 0241307303", "0241307303", 1, 0},
		{"by the sum alone", bare, "FF11228DF933", "11228DF9", 2, 0},
		{"wrong end", closed, "F4F301AAF8F6 F4F301BBF8F7", "F4F301BBF8F7", 1, 0},
		{"SLIP", slip, "C0DBDC01DBDD6FD0C0", "C001DB6FD0", 0, 0},
		{"end bytes", lines, "41420D0A0D0A430D0A44", "41420D0A 430D0A", 0, 0},
	} {
		for how, bad := range badly {
			tap := new(wire.Tap)
			raw := Unhex(t, tt.wire)
			frames, err := cutAll(tt.frame, bad(bytes.NewReader(raw)), tap)
			if err != io.EOF {
				t.Fatal(err)
			}
			got := ""
			for _, f := range frames {
				got += fmt.Sprintf(" %X", f)
			}
			got = string(bytes.TrimSpace([]byte(got)))
			if got != tt.want || tap.Damaged.Load() != tt.damaged || tap.Noise.Load() != tt.noise {
				t.Errorf("%s %s: %s: %q damaged %d noise %d, want %q %d %d", tt.name, how, tt.wire, got, tap.Damaged.Load(), tap.Noise.Load(), tt.want, tt.damaged, tt.noise)
			}
		}
	}
}

// spoiler makes what lies between intact frames on a bad line.
type spoiler struct {
	*rand.Rand
	spec *frameRules
}

func (s spoiler) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return b
}

// data is what a frame carries; now and then what other frames begin with.
func (s spoiler) data() []byte {
	b := s.bytes(4 + s.IntN(30)) // so long that no two are alike
	if len(b) > 4 && s.IntN(4) == 0 {
		copy(b[s.IntN(len(b)-2):], s.spec.start)
	}
	return b
}

// frame is an intact frame as it goes over the wire.
func (s spoiler) frame() []byte { return s.spec.stuffing.wrap(build(s.spec, s.data())) }

// trouble is noise, starts with nothing behind them, and frames that are cut or damaged; never a whole frame.
func (s spoiler) trouble() []byte {
	frame := s.frame()
	switch s.IntN(8) {
	case 0:
		return s.bytes(1 + s.IntN(40))
	case 1:
		return bytes.Repeat(s.spec.start, 1+s.IntN(3))
	case 2:
		return append(slices.Clone(s.spec.start), byte(s.Uint32())) // any length
	case 3:
		return frame[:s.IntN(len(frame)-4)] // what comes next must not make it whole
	case 4:
		return frame[4+s.IntN(len(frame)-4):] // a start and any length before it must not make it whole
	case 5:
		frame[s.IntN(len(frame))] ^= 1 << s.IntN(8)
		return frame
	case 6:
		at := 4 + s.IntN(max(1, len(frame)-8))
		return slices.Delete(frame, at, at+1) // a byte was lost
	}
	return nil
}

// A hundred thousand frames with trouble between them: each intact one is cut, and nothing else. Some sixty thousand
// starts lie in the trouble on purpose, each with a chance of 1 in 65536 that what follows happens to fit; the seed is
// fixed, and with it none does.
func TestResynchronise(t *testing.T) {
	for name, tt := range map[string]struct {
		frame  mapping.FrameConfig
		frames int
	}{
		"announced length": {announced, 100_000},
		"length in two bytes, and an end": {frameTable(func(f *mapping.FrameConfig) {
			f.Start, f.End, f.LengthAt, f.LengthFormat, f.Checksum = "4E 57", "68", 2, "uint16be", "crc16-xmodem"
		}), 20_000},
		"SLIP": {frameTable(func(f *mapping.FrameConfig) { f.Stuffing, f.Checksum = "slip", "crc32" }), 20_000},
		"COBS": {frameTable(func(f *mapping.FrameConfig) { f.Stuffing, f.Checksum = "cobs", "crc16-x25" }), 20_000},
	} {
		t.Run(name, func(t *testing.T) {
			s := spoiler{rand.New(rand.NewPCG(1, 2)), newFrameRules(tt.frame)}
			var raw []byte
			var want [][]byte
			for len(want) < tt.frames {
				for s.IntN(2) == 0 {
					raw = append(raw, s.trouble()...)
				}
				frame := build(s.spec, s.data())
				for range 1 + s.IntN(8)/7 { // some come twice
					want = append(want, frame)
					raw = append(raw, s.spec.stuffing.wrap(frame)...)
				}
			}
			tap := new(wire.Tap)
			d := mapping.DefaultDevice()
			d.Frame = tt.frame
			framer := NewFramer(d, &raggedReader{bytes.NewReader(raw), s.Rand}, tap)
			for i := 0; ; i++ {
				frame, err := framer.Next(300)
				if err != nil && i != len(want) {
					t.Fatalf("%d frames of %d", i, len(want))
				}
				if err != nil {
					break
				}
				if i >= len(want) || !bytes.Equal(frame.Bytes, want[i]) {
					t.Fatalf("frame %d is %X, want %X", i, frame.Bytes, want[min(i, len(want)-1)])
				}
			}
			t.Logf("%d bytes, %d frames, %d damaged, %d times noise", len(raw), len(want), tap.Damaged.Load(), tap.Noise.Load())
		})
	}
}

// raggedReader returns a few bytes at a time.
type raggedReader struct {
	io.Reader
	random *rand.Rand
}

func (r *raggedReader) Read(b []byte) (int, error) {
	return r.Reader.Read(b[:min(len(b), 1+r.random.IntN(60))])
}

// A length that is wrong does not hold up the frames after it for longer than two of them take.
func TestStuckLength(t *testing.T) {
	spec := newFrameRules(announced)
	good := build(spec, []byte("12345678"))
	r, w := io.Pipe()
	d := mapping.DefaultDevice()
	d.Frame = announced
	framer := NewFramer(d, r, new(wire.Tap))
	go func() {
		_, _ = w.Write(append([]byte{0xAA, 0x55, 0xF0}, good...))
		_, _ = w.Write(good)
		// The pipe stays open: nothing more comes.
	}()
	for range 2 {
		frame, err := framer.Next(300)
		if err != nil || !bytes.Equal(frame.Bytes, good) {
			t.Fatalf("%X, %v", frame.Bytes, err)
		}
	}
}

// A wrong length in front of the only frame in a long while does not keep it back either.
func TestStalledFrame(t *testing.T) {
	good := build(newFrameRules(announced), []byte("12345678"))
	d := mapping.DefaultDevice()
	d.Frame = announced
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		framer := NewFramer(d, r, new(wire.Tap))
		started := time.Now()
		go func() {
			_, _ = w.Write(append([]byte{0xAA, 0x55, 0xF0}, good[:5]...))
			time.Sleep(stalled - time.Millisecond) // a frame may rest for nearly so long
			_, _ = w.Write(good[5:])
			time.Sleep(time.Hour)
			w.Close()
		}()
		frame, err := framer.Next(300)
		if err != nil || !bytes.Equal(frame.Bytes, good) {
			t.Fatalf("%X, %v", frame.Bytes, err)
		}
		if late, came := time.Since(started), frame.At.Sub(started); late != 2*stalled-time.Millisecond || came != stalled-time.Millisecond {
			t.Errorf("it was given after %v and came after %v", late, came)
		}
		if _, err := framer.Next(300); err != io.EOF {
			t.Error(err)
		}
	})
}

// The law of framers: the frames, and what is counted, do not depend on how the bytes arrive, nor on what errors come after them, and each
// of them is one.
func FuzzCutBinary(f *testing.F) {
	for _, seed := range []string{"\xaa\x55\x02\x00\x00", "\xc0\x01\x02\xc0", "\x00\x03\x01\x02\x00", "\x42\x4d\x01\x00\x90"} {
		for kind := range byte(8) {
			f.Add(kind, []byte(seed), uint64(1))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, raw []byte, seed uint64) {
		table := frameTable(func(f *mapping.FrameConfig) {
			switch kind % 8 {
			case 0:
				*f = announced
			case 1:
				f.Start, f.Length, f.Checksum = "42 4D", 5, "sum16"
			case 2:
				f.Start, f.End, f.Checksum = "02", "03", "xor8"
			case 3:
				f.Length, f.Checksum = 3, "sum8"
			case 4:
				f.Stuffing, f.Checksum, f.Start = "slip", "sum8", "01"
			case 5:
				f.Stuffing, f.Checksum = "cobs", "xor8"
			case 6:
				f.LengthAt, f.Checksum = 0, "sum8" // as weak as it gets
			case 7:
				f.Start, f.End, f.LengthAt = "F4", "F8", 1
			}
		})
		spec := newFrameRules(table)
		at, counted := map[string][][]byte{}, map[string]wire.Counts{}
		cut := func(how string, r io.Reader) {
			tap := new(wire.Tap)
			at[how], _ = cutAll(table, r, tap)
			counted[how] = tap.Counts()
		}
		for how, bad := range badly {
			cut(how, bad(bytes.NewReader(raw)))
		}
		broken := errors.New("broken")
		cut("ragged", io.MultiReader(&raggedReader{bytes.NewReader(raw), rand.New(rand.NewPCG(seed, 0))}, iotest.ErrReader(broken)))
		for how, frames := range at {
			if !slices.EqualFunc(frames, at["as it comes"], bytes.Equal) {
				t.Fatalf("%s: %X, but as it comes: %X", how, frames, at["as it comes"])
			}
			if counted[how] != counted["as it comes"] {
				t.Fatalf("%s: %+v, but as it comes: %+v", how, counted[how], counted["as it comes"])
			}
			for _, frame := range frames {
				if !spec.isFrame(frame) {
					t.Fatalf("%X is not a frame", frame)
				}
			}
		}
	})
}

// repeating returns the same bytes again and again, until n have been given.
type repeating struct {
	bytes []byte
	n     int
}

func (e *repeating) Read(b []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n+len(e.bytes) <= min(len(b), 200) {
		n += copy(b[n:], e.bytes)
	}
	e.n -= n
	return n, nil
}

// Nothing that a line says makes a framer keep more than a few frames of memory.
func TestFramerIsBounded(t *testing.T) {
	const limit = 300
	ended := frameTable(func(f *mapping.FrameConfig) { f.Start, f.End = "02", "03" })
	slip := frameTable(func(f *mapping.FrameConfig) { f.Stuffing = "slip" })
	for name, tt := range map[string]struct {
		frame mapping.FrameConfig
		noise []byte
	}{
		"starts":           {announced, []byte{0xAA, 0x55}},
		"long lengths":     {announced, []byte{0xAA, 0x55, 0xF0}},
		"short lengths":    {announced, []byte{0xAA, 0x55, 0x02, 0x00}},
		"no end":           {ended, []byte{0x02, 0x31}},
		"no delimiter":     {slip, []byte{0x31}},
		"delimiters alone": {slip, []byte{slipEnd}},
	} {
		d := mapping.DefaultDevice()
		d.Frame = tt.frame
		framer := NewFramer(d, &repeating{tt.noise, 200_000}, new(wire.Tap))
		if frame, err := framer.Next(limit); err != io.EOF {
			t.Errorf("%s: %X, %v", name, frame.Bytes, err)
		}
		kept := 0
		switch c := framer.(type) {
		case *candidateFramer:
			kept = cap(c.buf) + cap(c.open)*24 + cap(c.arrived)*32
		case *blockFramer:
			kept = cap(c.buf) + cap(c.frame)
		}
		if kept > 16_000 {
			t.Errorf("%s: %d bytes are kept", name, kept)
		}
	}
}
