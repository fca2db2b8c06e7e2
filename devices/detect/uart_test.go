package detect

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// misread is what a line with the setting read makes of bytes that were sent at another setting, as a UART does: it
// waits for a start bit and looks at the level in the middle of each bit. A character without a stop bit, or of the
// wrong parity, becomes a NUL, as Linux delivers it.
func misread(data []byte, sent, read Setting) (got []byte, broken int) {
	var levels []bool
	for _, b := range data {
		levels = append(levels, character(b, sent)...)
	}
	bit := float64(sent.Baud) / float64(read.Baud) // of the reader, in bits of the sender
	level := func(at float64) bool { return at < 0 || int(at) >= len(levels) || levels[int(at)] }
	for at := 0.0; int(at) < len(levels); {
		if level(at) {
			at = float64(int(at) + 1)
			continue
		}
		var b byte
		for i := range read.DataBits {
			if level(at + bit*(1.5+float64(i))) {
				b |= 1 << i
			}
		}
		next := 1.5 + float64(read.DataBits)
		good := true
		if read.Parity != "none" {
			good = level(at+bit*next) == parityOf(b, read.Parity)
			next++
		}
		good = good && level(at+bit*next)
		if !good {
			b = 0
			broken++
		}
		got = append(got, b)
		at += bit * next
		for !level(at) && int(at) < len(levels) && !good {
			at++ // in a break
		}
	}
	return got, broken
}

func character(b byte, s Setting) []bool {
	levels := []bool{false}
	for i := range s.DataBits {
		levels = append(levels, b>>i&1 == 1)
	}
	if s.DataBits == 7 {
		b &= 0x7f
	}
	if s.Parity != "none" {
		levels = append(levels, parityOf(b, s.Parity))
	}
	return append(levels, true)
}

func parityOf(b byte, parity string) bool {
	ones := 0
	for i := range 8 {
		ones += int(b >> i & 1)
	}
	return ones%2 == 1 == (parity == "even")
}

// fakeLine is a line with a board that repeats itself at its own setting, and perhaps answers.
type fakeLine struct {
	board  Setting
	every  time.Duration
	say    func(n int) []byte
	answer func(request []byte) []byte
	counts bool // the hardware counts broken characters

	mu     sync.Mutex
	set    Setting
	broken int
	wrote  []string
	heard  chan []byte
	stop   chan struct{}
	lost   bool
}

func (l *fakeLine) start() *fakeLine {
	l.heard, l.stop = make(chan []byte, 1000), make(chan struct{})
	if l.say != nil {
		go func() {
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				case <-time.After(l.every):
					l.hear(l.say(n))
				}
			}
		}()
	}
	return l
}

func (l *fakeLine) hear(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	got, broken := misread(data, l.board, l.set)
	l.broken += broken
	if len(got) > 0 && !l.lost {
		l.heard <- got
	}
}

func (l *fakeLine) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = true
	close(l.heard)
}

func (l *fakeLine) Tune(s Setting) error {
	l.mu.Lock()
	l.set = s
	l.mu.Unlock()
	drop(l)
	return nil
}

func (l *fakeLine) Heard() <-chan []byte { return l.heard }

func (l *fakeLine) Errors() (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken, l.counts
}

func (l *fakeLine) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.wrote = append(l.wrote, fmt.Sprintf("%x", b))
	got, _ := misread(b, l.set, l.board)
	lost := l.lost
	l.mu.Unlock()
	if lost {
		return 0, errors.New("lost")
	}
	if l.answer != nil {
		if a := l.answer(got); len(a) > 0 {
			go func() {
				time.Sleep(l.every)
				l.hear(a)
			}()
		}
	}
	return len(b), nil
}
