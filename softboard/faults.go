package softboard

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is a way in which a board misbehaves.
type Fault int

// The faults. Good is no fault.
const (
	Good     Fault = iota
	Mute           // it sends nothing at all
	Deaf           // it executes nothing and answers nothing, but goes on sending its state
	NoAnswer       // it executes commands, but does not answer
	Late           // it answers only with the next telemetry
	WrongSeq       // its answers have the number after that of the command
	Twice          // it answers twice
	Stubborn       // it acknowledges, but does nothing
	Refusing       // it refuses everything
	Reset          // a command resets it: it sends its first lines after power-up, and executes nothing
	Noisy          // bytes that are not text come before each of its lines
)

// Faulty is a board with a fault that can be changed while it runs.
type Faulty struct {
	Board

	mu       sync.Mutex
	fault    Fault
	commands []string
	late     []byte
}

// Set makes the board misbehave in another way from now on.
func (f *Faulty) Set(fault Fault) {
	f.mu.Lock()
	f.fault = fault
	f.mu.Unlock()
}

// Commands returns every line received so far.
func (f *Faulty) Commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.commands...)
}

// noise holds bytes that are invalid in a line of text: a NUL and bytes that are not UTF-8. It ends in the middle of a line.
const noise = "\x00\xff\xfe{\x80\n\xf8}"

// Step advances the board by dt.
func (f *Faulty) Step(dt time.Duration) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.Board.Step(dt)
	late := f.late
	f.late = nil
	switch f.fault {
	case Mute:
		return nil
	case Noisy:
		return append([]byte(noise+"\n"), out...)
	}
	return append(late, out...)
}

// Command receives one line.
func (f *Faulty) Command(line string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands = append(f.commands, line)
	seq := line[strings.LastIndexByte(line, '#')+1:]
	switch f.fault {
	case Deaf:
		return nil
	case Stubborn:
		return []byte("OK #" + seq + "\n")
	case Refusing:
		return []byte("ERR #" + seq + " not now\n")
	case Reset:
		return []byte("rst cause:2, boot mode:(3,6)\r\nready\r\n")
	}
	out := f.Board.Command(line)
	answer, telemetry, _ := bytes.Cut(out, []byte("\n"))
	answer = append(bytes.Clone(answer), '\n')
	switch f.fault {
	case Mute:
		return nil
	case NoAnswer:
		return telemetry
	case Late:
		f.late = answer
		return nil
	case WrongSeq:
		n, _ := strconv.Atoi(seq)
		return append(bytes.Replace(answer, []byte("#"+seq), []byte("#"+strconv.Itoa(n+1)), 1), telemetry...)
	case Twice:
		return append(append(answer, answer...), telemetry...)
	case Noisy:
		return append([]byte(noise+"\n"), out...)
	}
	return out
}
