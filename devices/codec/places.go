package codec

import (
	"fmt"
	"slices"
	"strconv"
)

// FromEnd returns a position in n bytes, counted from 0; a negative at is counted from the end, -1 being the last byte.
func FromEnd(at, n int) int {
	if at < 0 {
		return at + n
	}
	return at
}

// Places is bytes at positions by which frames are distinguished.
type Places []placed

type placed struct {
	at int // negative: from the end
	Mask
}

// ParsePlaces reads a match such as { 2 = "90", -3 = "0?" }. The error is a sentence for a person.
func ParsePlaces(match map[string]string) (all Places, err error) {
	for key, text := range match {
		at, err := strconv.Atoi(key)
		if err != nil || at < -65536 || at > 65535 {
			return nil, fmt.Errorf("%q is not a position", key)
		}
		m, err := ParseBytes(text, true)
		if err != nil {
			return nil, err
		}
		if len(m.Bytes) == 0 {
			return nil, fmt.Errorf("position %d has no bytes", at)
		}
		all = append(all, placed{at, m})
	}
	slices.SortFunc(all, func(a, b placed) int { return a.at - b.at })
	return all, nil
}

// Fits says whether the frame has all of the bytes.
func (p Places) Fits(frame []byte) bool {
	for _, one := range p {
		at := one.at
		if at < 0 {
			at += len(frame)
		}
		if at < 0 || at > len(frame) || !one.Fits(frame[at:]) {
			return false
		}
	}
	return true
}
