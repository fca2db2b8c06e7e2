package text

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "minirelay/devices/devicestest"
	"minirelay/devices/wire"
)

// block puts lines into a block, with its checksum.
func block(pairs ...string) string {
	text := "\r\n" + strings.Join(pairs, "\r\n") + "\r\nChecksum\t"
	var sum byte
	for i := range len(text) {
		sum += text[i]
	}
	return text + string([]byte{-sum})
}

// The keys of a BlueSolar MPPT 75/15 and their forms, as Victron Energy documents them (VE.Direct Protocol, version 3.34,
// list of fields).
var mpptPairs = []string{"PID\t0xA042", "FW\t159", "SER#\tHQ1521AVDC5", "V\t13790", "I\t-10", "VPV\t15950", "PPV\t0", "CS\t5", "MPPT\t0", "ERR\t0", "LOAD\tON", "IL\t0", "H19\t0", "HSDS\t0"}

func TestVEDirect(t *testing.T) {
	good := block(mpptPairs...)
	broken := strings.Replace(good, "13790", "13791", 1)
	for name, tt := range map[string]struct {
		in, want string
		counts   wire.Counts
	}{
		"blocks":               {good[9:] + good + block("V\t12000"), "serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true|battery=12", wire.Counts{}},
		"first half by chance": {block("V\t12000") + good, "serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{}},
		"broken":               {good + broken + good, "serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{Damaged: 1}},
		"cut":                  {good + good[:70] + good + good, "serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{Damaged: 1}},
		"other protocol":       {good + good[:30] + ":A0102000543\n" + good[30:] + ":451\n", "serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{}},
		"too long":             {good + block("X\t"+strings.Repeat("x", 9999)) + good, "serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{Overlong: 1}},
		"checksum is a colon":  {good + blockWithSum(':') + good, "battery=0.001|serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{}},
		"checksum is a return": {good + blockWithSum('\r') + good, "battery=0.001|serial=HQ1521AVDC5 battery=13.79 power=0 state=float load=true", wire.Counts{}},
		"unknown":              {good + block("X\t1"), "! it contains no key of a field", wire.Counts{}},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "one by one": iotest.OneByteReader,
			"by halves": iotest.HalfReader, "with the end": iotest.DataErrReader,
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				got, counts := veDirectReadings(t, reader(strings.NewReader(tt.in)))
				if got != tt.want || counts.Damaged != tt.counts.Damaged || counts.Overlong != tt.counts.Overlong || counts.Bytes != uint64(len(tt.in)) {
					t.Errorf("got %s, %+v\nwant %s", got, counts, tt.want)
				}
			})
		}
	}
}

// blockWithSum is a block whose checksum is c.
func blockWithSum(c byte) string {
	for fill := ""; len(fill) < 4; fill += "@" {
		for b := byte(' '); b < 0x7f; b++ {
			if s := block("V\t1", "X\t"+fill+string(b)); s[len(s)-1] == c {
				return s
			}
		}
	}
	panic("no block has this checksum")
}

// veDirectReadings returns the readings of each whole block.
func veDirectReadings(t *testing.T, r io.Reader) (string, wire.Counts) {
	t.Helper()
	d := MPPT()
	var tap wire.Tap
	tap.ShowAll(func(wire.Record) {})
	codec, err := newCodec(d, &tap)
	if err != nil {
		t.Fatal(err)
	}
	framer := NewVEDirectFramer(d, r, &tap)
	var out []string
	for {
		frame, err := framer.Next(d.MaxFrame)
		if err == io.EOF {
			return strings.Join(out, "|"), tap.Counts()
		} else if err != nil {
			t.Fatal(err)
		}
		if frame.Whole {
			out = append(out, readLine(&d, codec, &tap, frame.Bytes))
		}
	}
}

// The law: of any bytes, only blocks whose sum is right are read, and intact ones are read behind whatever came, once
// another intact one has come.
func FuzzVEDirect(f *testing.F) {
	f.Add("\r\nV\t12800\r\nChecksum\t")
	f.Add(":451\nx\r\nChecksum\t:")
	f.Fuzz(func(t *testing.T, noise string) {
		if strings.Contains(noise, ":") && !strings.HasSuffix(noise, "\n") {
			noise += "\n" // or the other protocol takes what follows along
		}
		got, _ := veDirectReadings(t, strings.NewReader(noise+block("V\t1")+block("V\t2")+block("V\t3")))
		if !strings.HasSuffix(got, "battery=0.002|battery=0.003") && !strings.HasSuffix(got, "battery=0.003") {
			t.Errorf("%q: %s", noise, got)
		}
	})
}
