package capture

import (
	"bytes"
	"container/heap"
	"context"
	"io"
	"time"
)

const (
	maxUnsent = 256                    // pieces that wait while nobody reads the line; the newer ones are lost
	forgetIt  = 200 * time.Millisecond // silence after which half a request is dropped
	loopPause = time.Second            // between the end of a recording and its next beginning
)

// Player plays a recording in place of the board: it sends the lines that the board sent by itself, at the same times, and
// answers the recorded requests with the recorded answers. Set its fields before [Player.Run].
type Player struct {
	Speed   float64      // 2: twice as fast; 0: as fast as recorded
	Loop    bool         // begin again after the end, a second later
	Unknown func([]byte) // receives written bytes that are not a request of the recording; may be nil

	said    []Record
	matcher matcher
}

// NewPlayer makes a [Player] of a recording, as [Read] gives it.
func NewPlayer(recording []Record) *Player {
	p := &Player{}
	p.said, p.matcher.exchanges = split(recording)
	p.matcher.next = make([]int, len(p.matcher.exchanges))
	return p
}

// Requests is the number of different requests that the player can answer.
func (p *Player) Requests() int { return len(p.matcher.exchanges) }

// piece is something to send at a time.
type piece struct {
	at   time.Time
	nth  int // pieces of the same time stay in this order
	data []byte
}

// pieces are in the order of their times.
type pieces []piece

func (p pieces) Len() int { return len(p) }
func (p pieces) Less(i, j int) bool {
	return p[i].at.Before(p[j].at) || p[i].at.Equal(p[j].at) && p[i].nth < p[j].nth
}
func (p pieces) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *pieces) Push(x any)   { *p = append(*p, x.(piece)) }
func (p *pieces) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

// playing is one run of a Player.
type playing struct {
	*Player
	due  pieces
	nth  int
	send chan []byte
	got  []byte // written by the other side, and not recognised yet
}

// Run plays on line until ctx ends, or until the recording ends if it holds no request. The error is that of the line; nil
// in both other cases. Run may be called once. Its two goroutines end when the caller closes the line.
func (p *Player) Run(ctx context.Context, line io.ReadWriter) error {
	run := &playing{Player: p, send: make(chan []byte, maxUnsent)}
	heard := make(chan []byte)
	broken := make(chan error, 2)
	stop := make(chan struct{})
	defer close(stop)
	go read(line, heard, broken, stop)
	sent := make(chan struct{}, maxUnsent)
	go write(line, run.send, sent, broken)
	defer close(run.send)
	unsent := 0
	began := time.Now()
	run.begin(began)
	timer := time.NewTimer(0)
	defer timer.Stop()
	forget := time.NewTimer(time.Hour)
	defer forget.Stop()
	for {
		if len(run.due) == 0 && unsent == 0 && len(p.matcher.exchanges) == 0 {
			return nil
		}
		if len(run.due) > 0 {
			timer.Reset(time.Until(run.due[0].at))
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-broken:
			return err
		case <-sent:
			unsent--
		case b := <-heard:
			run.got = append(run.got, b...)
			run.hear(time.Now())
			forget.Reset(forgetIt)
		case <-forget.C:
			run.unknown(len(run.got))
		case <-timer.C:
			unsent += run.sayDue(time.Now())
		}
	}
}

func read(line io.Reader, heard chan<- []byte, broken chan<- error, stop <-chan struct{}) {
	for buf := make([]byte, 4096); ; {
		n, err := line.Read(buf)
		if n > 0 {
			select {
			case heard <- bytes.Clone(buf[:n]):
			case <-stop:
				return
			}
		}
		if err != nil {
			broken <- err
			return
		}
	}
}

func write(line io.Writer, send <-chan []byte, sent chan<- struct{}, broken chan<- error) {
	for b := range send {
		if _, err := line.Write(b); err != nil {
			broken <- err
			return
		}
		sent <- struct{}{}
	}
}

// scaled is a recorded time at the speed of playing.
func (p *Player) scaled(at time.Duration) time.Duration {
	if p.Speed <= 0 {
		return at
	}
	return time.Duration(float64(at) / p.Speed)
}

func (r *playing) say(at time.Time, data []byte) {
	r.nth++
	heap.Push(&r.due, piece{at, r.nth, data})
}

// begin plans one round of what the board sends by itself. The silence before the first record is left out.
func (r *playing) begin(now time.Time) {
	for _, record := range r.said {
		r.say(now.Add(r.scaled(record.At-r.said[0].At)), record.Data)
	}
	if r.Loop && len(r.said) > 0 {
		last := r.said[len(r.said)-1].At - r.said[0].At
		r.say(now.Add(r.scaled(last+loopPause)), nil)
	}
}

// sayDue sends the pieces that are due and returns their number. A piece that nobody takes is lost, as on a wire.
func (r *playing) sayDue(now time.Time) (n int) {
	for len(r.due) > 0 && !r.due[0].at.After(now) {
		p := heap.Pop(&r.due).(piece)
		if p.data == nil {
			r.begin(now)
			continue
		}
		select {
		case r.send <- p.data:
			n++
		default:
		}
	}
	return n
}

// hear answers the requests that were written.
func (r *playing) hear(now time.Time) {
	unknown := 0 // bytes at the beginning
	for unknown < len(r.got) {
		which, used, wait := r.matcher.match(r.got[unknown:])
		if wait {
			break
		}
		if which < 0 {
			unknown += used
			continue
		}
		r.unknown(unknown)
		unknown = 0
		for _, record := range r.matcher.answer(which, r.got[:used]) {
			r.say(now.Add(r.scaled(record.At)), record.Data)
		}
		r.got = r.got[used:]
	}
	r.unknown(unknown)
}

// unknown drops n bytes that are not a request.
func (r *playing) unknown(n int) {
	if n > 0 && r.Unknown != nil {
		r.Unknown(bytes.Clone(r.got[:n]))
	}
	r.got = r.got[n:]
}
