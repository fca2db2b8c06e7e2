package detect

import (
	"bytes"
	"fmt"

	"minirelay/devices/checksum"
)

// Frames is the form of frames of bytes that repeat.
type Frames struct {
	Start    []byte // the bytes with which all of them begin
	Length   int    // of each, in bytes
	Checksum string // at its end, by its name in the codec binary; "" if none that is known fits
	Order    string // of the checksum's bytes, big or little; "" for one byte
	From     int    // the first byte that it covers, counted from 0
	End      []byte // behind the checksum
	Example  []byte // one frame
	Seen     int    // how many there were
}

const (
	shortFrame = 3
	longFrame  = 80
	fewFrames  = 3 // fewer prove nothing
)

// judgeFrames looks for frames of one length with the same beginning, and for their checksum.
func judgeFrames(data []byte, pieces [][]byte) Sense {
	best := Sense{}
	for _, frames := range append(chains(data), alike(pieces)...) {
		if s := judgeSet(frames, len(data)); s.Value > best.Value {
			best = s
		}
	}
	return best
}

// chains cuts data into frames, for each length at which the same two bytes repeat.
func chains(data []byte) (sets [][][]byte) {
	for length := shortFrame; length <= longFrame && length*fewFrames <= len(data); length++ {
		var best [][]byte
		for from := 0; from < 2*length && from+length*fewFrames <= len(data); from++ {
			var frames [][]byte
			start := data[from : from+2]
			if !bytes.Equal(start, data[from+length:from+length+2]) {
				continue // most begin no chain: looking further costs too much
			}
			for at := from; at+length <= len(data); {
				if bytes.Equal(data[at:at+2], start) {
					frames = append(frames, data[at:at+length])
					at += length
				} else {
					at++
				}
			}
			if len(frames) > len(best) {
				best = frames
			}
		}
		if len(best) >= fewFrames {
			sets = append(sets, best)
		}
	}
	return sets
}

// alike groups pieces of one length and the same first byte.
func alike(pieces [][]byte) (sets [][][]byte) {
	type sort struct {
		length int
		first  byte
	}
	groups := map[sort][][]byte{}
	for _, p := range pieces {
		if len(p) >= shortFrame && len(p) <= longFrame {
			key := sort{len(p), p[0]}
			groups[key] = append(groups[key], p)
		}
	}
	for _, g := range groups {
		if len(g) >= fewFrames {
			sets = append(sets, g)
		}
	}
	return sets
}

// judgeSet rates a set of frames among total bytes. Frames that are all the same prove little: at a wrong speed nonsense
// repeats as well. A checksum that fits frames that differ is not a coincidence.
func judgeSet(frames [][]byte, total int) Sense {
	length := len(frames[0])
	f := &Frames{Length: length, Example: frames[len(frames)-1], Seen: len(frames)}
	for ; len(f.Start) < length && len(f.Start) < 4; f.Start = frames[0][:len(f.Start)+1] {
		i := len(f.Start)
		if !same(frames, i) {
			break
		}
	}
	different := distinct(frames, 0, length)
	coverage := min(1, float64(length*len(frames))/float64(total))
	s := Sense{Value: 0.45 * coverage, Frames: f}
	if different >= fewFrames {
		s.Value = 0.6 * coverage
	}
	for _, c := range checksums() {
		if !c.fits(frames) {
			continue
		}
		// What a wrong speed makes of frames has two or three values, and so have its sums.
		switch sums := distinct(frames, length-c.tail, length-c.stop); {
		case sums >= fewFrames:
			s.Value = coverage * (1 - 0.1/float64(sums))
		case sums == 2:
			s.Value = 0.7 * coverage
		case !blank(frames[0]):
			s.Value = 0.65 * coverage
		}
		f.Checksum, f.Order, f.From, f.End = c.name, c.order, c.from, frames[0][length-c.stop:]
		break
	}
	s.What = fmt.Sprintf("frames of %d bytes that begin with % x", length, f.Start)
	if f.Checksum != "" {
		s.What += " and contain the checksum " + f.Checksum
	}
	return s
}

// blank reports whether a frame repeats one byte: many checksums fit it by chance.
func blank(frame []byte) bool { return bytes.Count(frame, frame[:1]) >= len(frame)-1 }

func same(frames [][]byte, i int) bool {
	for _, f := range frames {
		if f[i] != frames[0][i] {
			return false
		}
	}
	return true
}

// distinct is the number of different values of the bytes from one place to another.
func distinct(frames [][]byte, from, to int) int {
	seen := map[string]bool{}
	for _, f := range frames {
		seen[string(f[from:to])] = true
	}
	return len(seen)
}

// check is one way in which frames end. Sources: the data sheets of the sensors that are named below.
type check struct {
	name  string // in the codec binary
	order string // of its bytes
	tail  int    // bytes behind those that are covered
	sum   func(b []byte) []byte
	from  int // the first byte that is covered
	stop  int // fixed bytes behind the checksum
}

func checksums() []check {
	one := func(f func(b []byte) byte) func([]byte) []byte {
		return func(b []byte) []byte { return []byte{f(b)} }
	}
	var all []check
	for _, from := range []int{0, 1, 2} {
		all = append(all,
			check{"sum8", "", 1, one(sum8), from, 0},                                   // A02YYUW, TFmini
			check{"lrc", "", 1, one(func(b []byte) byte { return -sum8(b) }), from, 0}, // MH-Z19B
			check{"sum8-inverted", "", 1, one(func(b []byte) byte { return ^sum8(b) }), from, 0},
			check{"xor8", "", 1, one(func(b []byte) byte { return byte(checksum.Xor8(b)) }), from, 0},
			check{"sum8", "", 2, one(sum8), from, 1}, // SDS011
		)
	}
	modbus := func(b []byte) []byte { c := checksum.CRC16Modbus(b); return []byte{byte(c), byte(c >> 8)} }
	return append(all,
		check{"crc16-modbus", "little", 2, modbus, 0, 0},
		check{"crc16-modbus", "big", 2, func(b []byte) []byte { c := modbus(b); return []byte{c[1], c[0]} }, 0, 0},
		check{"sum16", "big", 2, func(b []byte) []byte { // PMS5003
			s := 0
			for _, x := range b {
				s += int(x)
			}
			return []byte{byte(s >> 8), byte(s)}
		}, 0, 0},
	)
}

// fits reports whether every frame ends so.
func (c check) fits(frames [][]byte) bool {
	for _, f := range frames {
		end := len(f) - c.tail
		if end <= c.from+1 || !bytes.Equal(c.sum(f[c.from:end]), f[end:len(f)-c.stop]) {
			return false
		}
		if c.stop > 0 && f[len(f)-1] != frames[0][len(f)-1] {
			return false
		}
	}
	return true
}
