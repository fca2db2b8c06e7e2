package capture

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	// logged is a line of another tool's log: a mark for the direction, and behind it nothing but bytes in hexadecimal digits,
	// as SSCOM, ESPHome and many others write it. The mark is the last one before the bytes.
	logged    = regexp.MustCompile(`^(.*)(收|发|(?i:\b[rt]xd?\b|\b(?:recv|received|send|sent|in|out)\b)|<<<|>>>|<-+|-+>)[^0-9A-Za-z]*((?:(?:0x)?[0-9A-Fa-f]{2}(?:[ ,:-]+|$)){2,})[^0-9A-Za-z]*$`)
	clock     = regexp.MustCompile(`\b([0-2][0-9]):([0-5][0-9]):([0-5][0-9])(?:[.:,]([0-9]{1,6}))?`)
	digits    = regexp.MustCompile(`(?:0x)?([0-9A-Fa-f]{2})(?:[ ,:-]+|$)`)
	sentMark  = regexp.MustCompile(`发|(?i:\btxd?\b|\b(?:send|sent|out)\b)|>>>`)
	heardMark = regexp.MustCompile(`收|(?i:\brxd?\b|\b(?:recv|received|in)\b)|<<<`)
)

// logText reads the bytes in a log of another tool, with their direction and the time of day if it has them. Other lines of
// the log are passed over. nil: text is no such log.
func logText(text []byte) (records []Record) {
	if bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) {
		return nil
	}
	var first, last time.Duration
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		m := logged.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		var data []byte
		for _, pair := range digits.FindAllStringSubmatch(m[3], -1) {
			b, _ := hex.DecodeString(pair[1])
			data = append(data, b...)
		}
		mark := m[1] + m[2]
		at, known := timeOf(mark)
		if len(records) == 0 {
			first = at
		}
		if at -= first; !known || at < last {
			at = last // a record is not before the one above it
		}
		last = at
		records = append(records, Record{At: at, Out: sentMark.MatchString(mark) && !heardMark.MatchString(mark) || m[2][0] == '-' && !heardMark.MatchString(mark), Data: data})
	}
	return records
}

// timeOf returns the time of day in a line.
func timeOf(line string) (at time.Duration, ok bool) {
	m := clock.FindStringSubmatch(line)
	if m == nil {
		return 0, false
	}
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1])
		at += time.Duration(n) * unit
	}
	fraction, _ := strconv.Atoi((m[4] + "000000")[:6])
	return at + time.Duration(fraction)*time.Microsecond, true
}
