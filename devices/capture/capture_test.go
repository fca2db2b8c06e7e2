package capture

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const sample = `minirelay capture 1
port: uno
path: /dev/ttyACM0
line: 115200 8N1
started: 2026-11-24T10:20:31.123+08:00
weather: fine

# the board speaks first
0.000000 < 7b 22 74 22 3a 32 31 2e 35 7d 0a | {"t":21.5}·
0.731204 > 50554D50 | is not looked at
  12 <	ff
`

func TestRead(t *testing.T) {
	h, records, err := Read(iotest.OneByteReader(strings.NewReader(strings.ReplaceAll(sample, "\n", "\r\n"))))
	if err != nil {
		t.Fatal(err)
	}
	want := []Record{{0, false, []byte("{\"t\":21.5}\n")}, {731204 * time.Microsecond, true, []byte("PUMP")}, {12 * time.Second, false, []byte{0xff}}}
	if !reflect.DeepEqual(records, want) {
		t.Errorf("%v", records)
	}
	if h.Port != "uno" || h.Path != "/dev/ttyACM0" || h.Line != "115200 8N1" || h.Started.UnixMilli() != 1795486831123 {
		t.Errorf("%+v", h)
	}
}

// An error in a capture names its line.
func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		"minirelay capture 1\n":                      ErrEmpty.Error(),
		"minirelay capture 1\nport: uno\n\n":         ErrEmpty.Error(),
		"minirelay capture 2\n0 < 00\n":              `line 1: it is a capture of version "2", not 1`,
		"minirelay capture 1\n0 < 0\n":               "line 2: a byte has two hexadecimal digits, and one is missing",
		"minirelay capture 1\n0 < | x\n":             "line 2: it contains no bytes",
		"minirelay capture 1\n0 < 0g\n":              "line 2: the part before the | is not hexadecimal",
		"minirelay capture 1\n\n1 < 00\n0.5 < 00\n":  "line 4: its time is before that of the record above",
		"minirelay capture 1\n1 < 00\nport: x\n":     "line 3: it is neither a record nor a comment",
		"minirelay capture 1\n1 = 00\n":              "line 2: it is neither a record nor a comment",
		"minirelay capture 1\n-1 < 00\n":             "line 2: it is neither a record nor a comment",
		"minirelay capture 1\n0 < " + long + " 00\n": "line 2: the line is longer than any record",
		"":     ErrEmpty.Error(),
		"\n\n": ErrEmpty.Error(),
	} {
		_, records, err := Read(strings.NewReader(text))
		if err == nil || err.Error() != want {
			t.Errorf("%.40q: %v (%d records), want %s", text, err, len(records), want)
		}
	}
	broken := errors.New("the disk is broken")
	if _, _, err := Read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

var long = strings.Repeat("00", maxLine)

// The dumps of other programs are read too; anything else is taken as bare bytes.
func TestHexText(t *testing.T) {
	const said = "{\"t\":21.5, \"p\":0}\n"
	for name, test := range map[string]struct{ text, want string }{
		"bare":       {said, said},
		"plain":      {"7b 22\n74", "{\"t"},
		"joined":     {"7B2274\n", "{\"t"},
		"C":          {"0x7b, 0x22, 0x74", "{\"t"},
		"escaped":    {`\x7b\x22`, `{"`},
		"colons":     {"7b:22:74", "{\"t"},
		"numbers":    {"01 03 00 00 00 0A C5 CD\r\n", "\x01\x03\x00\x00\x00\x0a\xc5\xcd"},
		"no address": {"aabbccdd 01", "\xaa\xbb\xcc\xdd\x01"},
		"xxd": {"00000000: 7b22 7422 3a32 312e 352c 2022 7022 3a30  {\"t\":21.5, \"p\":0\n" +
			"00000010: 7d0a                                     }.\n", said},
		"hexdump -C": {"00000000  7b 22 74 22 3a 32 31 2e  35 2c 20 22 70 22 3a 30  |{\"t\":21.5, \"p\":0|\n" +
			"00000010  7d 0a                                             |}.|\n00000012\n", said},
		"od -A x -t x1": {"000000 7b 22 74 22 3a 32 31 2e 35 2c 20 22 70 22 3a 30\n000010 7d 0a\n000012\n", said},
		"zero":          {"7b 22 \x00", "7b 22 \x00"},
		"odd":           {"7b 2", "7b 2"},
	} {
		_, records, err := Read(strings.NewReader(test.text))
		if err != nil || len(records) != 1 || string(records[0].Data) != test.want {
			t.Errorf("%s: %v %v", name, records, err)
		}
	}
	if records, err := ReadRaw(strings.NewReader("1234\n")); err != nil || string(records[0].Data) != "1234\n" {
		t.Errorf("%v %v", records, err)
	}
}

func TestText(t *testing.T) {
	if got := Text([]byte("温度\t21.5 °C\x00\xff\xe6\xb8\r\n")); got != "温度·21.5 °C······" {
		t.Errorf("%q", got)
	}
}

// Records that were written are read again, however the times jump.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("{\"t\":1}\n"), int64(0), true, []byte{0, 0xff}, int64(1500000), false, "uno", "115200 8N1")
	f.Add([]byte("|"), int64(-5), false, []byte("# no comment"), int64(-7), true, "a: b\n0 < 00", "")
	f.Add(bytes.Repeat([]byte{'x'}, 5000), int64(1), false, []byte{10}, int64(1e15), true, "", " ")
	f.Fuzz(func(t *testing.T, a []byte, at int64, aOut bool, b []byte, bt int64, bOut bool, port, line string) {
		var out bytes.Buffer
		w, err := NewWriter(&out, Header{Port: port, Line: line})
		if err != nil {
			t.Fatal(err)
		}
		at, bt = at%1e14, bt%1e14
		for _, r := range []Record{{time.Duration(at) * time.Microsecond, aOut, a}, {time.Duration(bt) * time.Microsecond, bOut, b}} {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		_, records, err := Read(&out)
		if len(a)+len(b) == 0 {
			if !errors.Is(err, ErrEmpty) {
				t.Fatal(err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		var in, back []byte
		for _, r := range records {
			if r.Out {
				back = append(back, r.Data...)
			} else {
				in = append(in, r.Data...)
			}
		}
		var wantIn, wantBack []byte
		for _, r := range []struct {
			data []byte
			out  bool
		}{{a, aOut}, {b, bOut}} {
			if r.out {
				wantBack = append(wantBack, r.data...)
			} else {
				wantIn = append(wantIn, r.data...)
			}
		}
		if !bytes.Equal(in, wantIn) || !bytes.Equal(back, wantBack) {
			t.Errorf("%q %q", in, back)
		}
		if len(b) > 0 {
			if last := records[len(records)-1].At; last != time.Duration(max(at, bt, 0))*time.Microsecond && len(a) > 0 {
				t.Errorf("%v", last)
			}
		}
	})
}

// Every input is either read or refused.
func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("00000000: 7b22  {\""))
	f.Add([]byte("minirelay capture 1\n9999999999 < 00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, records, err := Read(bytes.NewReader(text))
		if (err == nil) != (len(records) > 0) {
			t.Errorf("%d records, %v", len(records), err)
		}
		for i, r := range records {
			if len(r.Data) == 0 || i > 0 && r.At < records[i-1].At {
				t.Errorf("%v", r)
			}
		}
	})
}
