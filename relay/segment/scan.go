package segment

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"sort"
	"strconv"
	"strings"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// list returns the numbers of the segment files in dir, smallest first.
func list(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(name, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	return numbers, nil
}

// found is the result of scanning a file.
type found struct {
	records int
	end     int64 // after the last valid record
	bad     int64 // bytes that are in no valid record
	tail    int64 // of these, the ones at the end of the file
}

// scan reads the valid records of a file.
func scan(path string, replay func([]byte)) (found, error) {
	var f found
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	for at := 0; ; {
		payload, n, skipped, ok := next(data[at:])
		if !ok {
			f.tail = int64(len(data) - at)
			f.bad += f.tail
			return f, nil
		}
		if replay != nil {
			replay(payload)
		}
		at += skipped + n
		f.records++
		f.bad += int64(skipped)
		f.end = int64(at)
	}
}

// next finds the first valid record in b and returns how many bytes precede it. A checksum of 32 bits makes it all but
// impossible to mistake anything else for a record.
func next(b []byte) (payload []byte, n, skipped int, ok bool) {
	for ; skipped <= len(b)-headerSize; skipped++ {
		if payload, n, ok = decode(b[skipped:]); ok {
			return payload, n, skipped, true
		}
	}
	return nil, 0, 0, false
}

// encode returns payload as a record.
func encode(payload []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[4:], checksum(b[:4], payload))
	return append(b, payload...)
}

// decode takes the first record off b.
func decode(b []byte) (payload []byte, n int, ok bool) {
	if len(b) < headerSize {
		return nil, 0, false
	}
	length := binary.LittleEndian.Uint32(b)
	// A length of 0 is left by a file system that had no time to write: never a record.
	if length == 0 || length > MaxRecord || int(length) > len(b)-headerSize {
		return nil, 0, false
	}
	payload = b[headerSize : headerSize+int(length)]
	if checksum(b[:4], payload) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, 0, false
	}
	return payload, headerSize + int(length), true
}

func checksum(length, payload []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, length), castagnoli, payload)
}
