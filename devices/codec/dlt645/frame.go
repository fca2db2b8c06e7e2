package dlt645

import (
	"bytes"
	"fmt"
	"strings"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
)

// A frame of DL/T 645-2007 is 68, the meter's address, 68, a control code, the number of data bytes, the data, the sum of
// all bytes before it, and 16, in hexadecimal digits (7.1). The address and the data are BCD, the low byte first, and 33
// is added to each data byte.

// The control codes of 7.1: of requests, and bits of answers.
const (
	controlRead        = 0x11
	controlReadMore    = 0x12
	controlReadAddress = 0x13
	controlAnswer      = 0x80 // set in answers
	controlRefused     = 0x40 // set in answers that refuse
	controlHasMore     = 0x20 // set in answers with a further frame, which must be requested
)

const overhead = 12 // bytes of a frame without its data

// address is 12 digits, the low byte first; the digit A is any digit.
type address [6]byte

// parseAddress reads an address as it is printed on the meter.
func parseAddress(s string) (a address, ok bool) {
	if len(s) != 12 {
		return a, false
	}
	for i := range a {
		for _, c := range []byte(s[10-2*i : 12-2*i]) {
			digit, ok := codec.HexDigit(c)
			if !ok || digit > 0xA {
				return a, false
			}
			a[i] = a[i]<<4 | digit
		}
	}
	return a, true
}

// String is the address as it is printed on the meter.
func (a address) String() string {
	var b strings.Builder
	for i := range a {
		fmt.Fprintf(&b, "%02X", a[5-i])
	}
	return b.String()
}

// fits says whether the address b matches a.
func (a address) fits(b []byte) bool {
	for i, want := range a {
		if want>>4 != 0xA && want>>4 != b[i]>>4 || want&15 != 0xA && want&15 != b[i]&15 {
			return false
		}
	}
	return true
}

// appendFrame appends a frame.
func appendFrame(b []byte, a address, control byte, data []byte) []byte {
	from := len(b)
	b = append(b, 0x68)
	b = append(b, a[:]...)
	b = append(b, 0x68, control, byte(len(data)))
	for _, c := range data {
		b = append(b, c+0x33)
	}
	return append(b, byte(checksum.Sum8(b[from:])), 0x16)
}

// frame is a frame of a meter; 33 has been subtracted from its data.
type frame struct {
	address [6]byte
	control byte
	data    []byte
}

// nextFrame returns the first intact frame in b, and the bytes after it. Noise and the FE of the wake-up are skipped.
// waiting says that there is none yet, but b may end with the beginning of one.
func nextFrame(b []byte) (f frame, rest []byte, ok, waiting bool) {
	for {
		i := bytes.IndexByte(b, 0x68)
		if i < 0 {
			return f, nil, false, waiting
		}
		b = b[i:]
		n := 0
		switch {
		case len(b) < 10:
			waiting = waiting || len(b) < 8 || b[7] == 0x68
		case b[7] != 0x68:
		default:
			n = overhead + int(b[9])
			waiting = waiting || n > len(b)
		}
		if n > 0 && n <= len(b) && b[n-1] == 0x16 && byte(checksum.Sum8(b[:n-2])) == b[n-2] {
			f.control = b[8]
			copy(f.address[:], b[1:7])
			for _, c := range b[10 : n-2] {
				f.data = append(f.data, c-0x33)
			}
			return f, b[n:], true, false
		}
		b = b[1:]
	}
}

// refusal explains the error byte of 7.1.4 to a person.
func refusal(data []byte) string {
	words := []string{"another error", "it has no such data", "the password is wrong or it is not allowed",
		"the baud rate cannot be changed", "too many seasons", "too many daily periods", "too many tariffs"}
	var said []string
	if len(data) > 0 {
		for bit, word := range words {
			if data[0]>>bit&1 != 0 {
				said = append(said, word)
			}
		}
	}
	if len(said) == 0 {
		return "the meter refuses and gives no reason"
	}
	return "the meter reports: " + strings.Join(said, ", ")
}
