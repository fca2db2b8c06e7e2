package text

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "minirelay/devices/devicestest"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// Objects end by their braces, with and without line ends, however they arrive.
func TestObjects(t *testing.T) {
	half := func(s string) string { return "half " + s }
	for name, tt := range map[string]struct {
		in   string
		want []string
	}{
		"no line ends":           {`{"t":1}{"t":2}{"t":3}`, []string{half(`{"t":1}`), `{"t":2}`, `{"t":3}`}},
		"blanks between":         {`{"t":1} {"t":2}  {"t":3} `, []string{half(`{"t":1}`), `{"t":2}`, `{"t":3}`}},
		"opened within":          {`,"h":4}{"t":2}{"t":3}`, []string{half(`{"t":2}`), `{"t":3}`}},
		"opened within another":  {`"a":{"x":1},"h":4}{"t":2}{"t":3}`, []string{half(`{"x":1}`), half(`{"t":2}`), `{"t":3}`}},
		"over several lines":     {"{\n  \"t\": 1,\r\n  \"a\": [1,\n2]\n}\n{\n \"t\":2 }\n", []string{half("{\n  \"t\": 1,\r\n  \"a\": [1,\n2]\n}"), "{\n \"t\":2 }"}},
		"lines":                  {"x\n{\"t\":1}\n{\"t\":2}\r\n{\"t\":3}\r", []string{half("x"), `{"t":1}`, `{"t":2}`, `{"t":3}`}},
		"two in a line":          {"x\n{\"t\":1}{\"t\":2}\n{\"t\":3}\n", []string{half("x"), `{"t":1}`, `{"t":2}`, `{"t":3}`}},
		"half a line":            {"x\n{\"t\":1}\n{\"t\":2,\"h\"\n{\"t\":3}\n", []string{half("x"), `{"t":1}`, `{"t":2,"h"`, `{"t":3}`}},
		"half a line, the first": {"x\n{\"t\":2,\"h\n{\"t\":3}\n", []string{half("x"), `{"t":2,"h`, `{"t":3}`}},
		"half, without ends":     {`{"t":1}{"t":2,"h{"t":3}{"t":4}{"t":5}`, []string{half(`{"t":1}`), `{"t":3}`, `{"t":4}`, `{"t":5}`}},
		"braces in a text":       {`{"t":"}{"}{"t":"\"}"}`, []string{half(`{"t":"}{"}`), `{"t":"\"}"}`}},
		"boot logs":              {"ets Jun 8\nrst:0x1 {DIO}\n{\"t\":1}\nI (3) {x\n{\"t\":2}\n", []string{half("ets Jun 8"), "rst:0x1 {DIO}", `{"t":1}`, "I (3) {x", `{"t":2}`}},
		"an array":               {"x\n[1,[2]][3]\n", []string{half("x"), "[1,[2]]", "[3]"}},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once":    func(r io.Reader) io.Reader { return r },
			"one by one": iotest.OneByteReader,
			"by halves":  iotest.HalfReader,
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				var tap wire.Tap
				got, err := framesOf(NewObjectFramer(reader(strings.NewReader(tt.in)), &tap), 200)
				if strings.Join(got, "|") != strings.Join(tt.want, "|") || err != io.EOF {
					t.Errorf("got  %q\nwant %q, %v", got, tt.want, err)
				}
			})
		}
	}
}

// An object that never ends costs bounded memory, and the lines behind it are read.
func TestEndlessObject(t *testing.T) {
	var tap wire.Tap
	in := "x\n{\"a\":[" + strings.Repeat("1,\n", 1000) + "\n{\"t\":1}\n{\"t\":2}\n"
	f := NewObjectFramer(strings.NewReader(in), &tap)
	got, _ := framesOf(f, 200)
	if n := len(got); n < 3 || got[n-1] != `{"t":2}` || len(f.buf) > 4096 {
		t.Errorf("%d frames, a buffer of %d bytes", n, len(f.buf))
	}
}

// A name that holds a dot is found in double quotes.
func TestDottedKeys(t *testing.T) {
	d := Device(Field("a", relay.TypeNumber, Key(`"air.t"`)), Field("b", relay.TypeNumber, Key(`"x.y".max`)), Field("c", relay.TypeNumber, Key(`air.t`)),
		Field("d", relay.TypeNumber, Key(`p."q.r"`)))
	got := readLines(t, d, strings.NewReader("x\n"+`{"air.t":1,"x.y":{"max":2},"air":{"t":3},"p":{"q.r":4}}`+"\n"))
	if !strings.Contains(got, "a=1 b=2 c=3 d=4") {
		t.Error(got)
	}
}
