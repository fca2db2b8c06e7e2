package text

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	. "minirelay/devices/devicestest"
	"minirelay/devices/wire"
)

// frames cuts everything that r gives. A line that is not whole is marked.
func frames(r io.Reader, limit int, tap *wire.Tap) (lines []string, err error) {
	return framesOf(NewLineFramer(r, tap), limit)
}

func framesOf(f *LineFramer, limit int) (lines []string, err error) {
	for {
		frame, err := f.Next(limit)
		if err != nil {
			return lines, err
		}
		mark := ""
		if !frame.Whole {
			mark = "half "
		}
		lines = append(lines, mark+string(frame.Bytes))
	}
}

func TestFrames(t *testing.T) {
	long := strings.Repeat("x", 20)
	for _, tt := range []struct {
		name, in        string
		want            []string
		noise, overlong uint64
	}{
		{"two lines", "a\nb\nc\n", []string{"half a", "b", "c"}, 0, 0},
		{"both line ends", "a\r\nb\r\nc\n", []string{"half a", "b", "c"}, 0, 0},
		{"first line empty", "\nb\n", []string{"b"}, 0, 0},
		{"empty lines", "a\n\n\r\n\nb\n", []string{"half a", "b"}, 0, 0},
		{"every line end", "a\nb\rc\n\rd\r\ne\n", []string{"half a", "b", "c", "d", "e"}, 0, 0},
		{"returns alone", "a\rb\rc\r", []string{"half a", "b", "c"}, 0, 0},
		{"no end", "a\nb", []string{"half a"}, 0, 0},
		{"nothing", "", nil, 0, 0},
		{"longest line", "a\n" + long[:16] + "\n" + long[:16] + "\r\nb\n", []string{"half a", long[:16], long[:16], "b"}, 0, 0},
		{"too long by one", "a\n" + long[:17] + "\nb\n", []string{"half a", "b"}, 0, 1},
		{"longest before returns", "a\n" + long[:16] + "\r\r\nb\n", []string{"half a", long[:16], "b"}, 0, 0},
		{"far too long", "a\n" + strings.Repeat("x", 9999) + "\nb\n", []string{"half a", "b"}, 0, 1},
		{"too long at once", strings.Repeat("x", 9999) + "\nb\n", []string{"b"}, 0, 1},
		{"NUL", "a\nb\x00c\nd\n", []string{"half a", "d"}, 1, 0},
		{"not UTF-8", "a\n\xff\xfe\nd\n\xe6\xb8\n", []string{"half a", "\xff\xfe", "d", "\xe6\xb8"}, 0, 0},
		{"Chinese", "a\n温室\n", []string{"half a", "温室"}, 0, 0},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once":      func(r io.Reader) io.Reader { return r },
			"one by one":   iotest.OneByteReader,
			"by halves":    iotest.HalfReader,
			"with the end": iotest.DataErrReader,
		} {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				var tap wire.Tap
				got, err := frames(reader(strings.NewReader(tt.in)), 16, &tap)
				if !slices.Equal(got, tt.want) || err != io.EOF {
					t.Errorf("got %q, %v", got, err)
				}
				c := tap.Counts()
				if c.Noise != tt.noise || c.Overlong != tt.overlong || c.Bytes != uint64(len(tt.in)) {
					t.Errorf("counted %+v", c)
				}
			})
		}
	}
}

// A line of ten megabytes costs no more memory than the longest line allowed.
func TestEndlessLine(t *testing.T) {
	var tap wire.Tap
	f := NewLineFramer(io.MultiReader(
		io.LimitReader(forever('x'), 10<<20), strings.NewReader("\n{}\n")), &tap)
	frame, err := f.Next(4096)
	if err != nil || string(frame.Bytes) != "{}" || tap.Counts().Overlong != 1 {
		t.Errorf("%q, %v, %+v", frame.Bytes, err, tap.Counts())
	}
	if cap(f.buf) > 16<<10 {
		t.Errorf("the buffer has grown to %d bytes", cap(f.buf))
	}
}

// forever returns one byte without end.
type forever byte

func (c forever) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

func TestReaderThatGivesNothing(t *testing.T) {
	_, err := frames(emptyReader{}, 16, new(wire.Tap))
	if err != io.ErrNoProgress {
		t.Error(err)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

// The law: a frame does not depend on how its bytes arrive.
func FuzzFramesDoNotDependOnArrival(f *testing.F) {
	f.Add([]byte("a\r\n{\"t\":1}\n\x00\n\xff\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nb\n"), uint8(3), uint8(16))
	f.Add([]byte("\r\n\r\r\n\n"), uint8(1), uint8(0))
	f.Fuzz(func(t *testing.T, in []byte, chunk, limit uint8) {
		var whole, pieces wire.Tap
		want, err := frames(bytes.NewReader(in), int(limit)+1, &whole)
		got, err2 := frames(&chunked{in, int(chunk) + 1}, int(limit)+1, &pieces)
		if !slices.Equal(got, want) || err != err2 || whole.Counts() != pieces.Counts() {
			t.Errorf("at once %q %+v, in pieces %q %+v", want, whole.Counts(), got, pieces.Counts())
		}
		for _, line := range got {
			if strings.ContainsAny(line, "\n\x00") || len(strings.TrimPrefix(line, "half ")) > int(limit)+1 {
				t.Errorf("%q is not a frame", line)
			}
		}
	})
}

// chunked returns at most n bytes at a time.
type chunked struct {
	b []byte
	n int
}

func (c *chunked) Read(b []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.b[:min(c.n, len(c.b))])
	c.b = c.b[n:]
	return n, nil
}

func BenchmarkFrames(b *testing.B) {
	line := Telemetry + "\n"
	r := &Endless{Line: []byte(strings.Repeat(line, 100))}
	f := NewLineFramer(r, new(wire.Tap))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Next(4096); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

func ExampleFramer() {
	var tap wire.Tap
	f := NewLineFramer(strings.NewReader("1.5}\n{\"t\":21.5}\n"), &tap)
	for {
		frame, err := f.Next(4096)
		if err != nil {
			break
		}
		fmt.Println(string(frame.Bytes), frame.Whole)
	}
	// Output:
	// 1.5} false
	// {"t":21.5} true
}
