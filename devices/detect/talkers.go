package detect

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Sample is what was heard at one setting.
type Sample struct {
	Setting Setting
	Data    []byte
	Pieces  [][]byte // Data, cut at silences
	Sense   Sense
}

const (
	enough    = 600                   // bytes: more of them say nothing new
	pieceGap  = 15 * time.Millisecond // silence that cuts pieces
	settled   = 20 * time.Millisecond // after setting up: adapters hand over what they had
	certain   = 0.93                  // sense at which nothing else is tried
	Doubtful  = 0.75                  // sense below which it may all be chance
	worthMore = 3                     // speeds whose other formats are tried first
)

// Speeds are the usual ones, the most likely first.
func Speeds() []int {
	return []int{9600, 115200, 4800, 38400, 57600, 19200, 2400, 230400, 460800, 256000, 921600, 1200}
}

// Talkers listens to a line at the usual speeds and formats, each for at most so long, and gives what was heard, what
// makes most sense first. Without a byte at the first settings nobody talks: the list is empty then. tell is told
// each setting before it is tried.
func Talkers(ctx context.Context, l Line, listenFor time.Duration, speeds []int, tell func(Setting)) ([]Sample, error) {
	var all []Sample
	try := func(s Setting) (Sample, error) {
		tell(s)
		sample, err := listen(ctx, l, s, listenFor)
		if err == nil && len(sample.Data) > 0 {
			all = append(all, sample)
		}
		return sample, err
	}
	for i, baud := range speeds {
		sample, err := try(Setting{baud, 8, "none"})
		if err != nil {
			return nil, err
		}
		if i == 1 && len(all) == 0 || sample.Sense.Value >= 1 {
			break // silence, or no doubt
		}
	}
	rank(all)
	if len(all) == 0 || all[0].Sense.Value >= certain {
		return all, nil
	}
	hopes := slices.Clone(all)
	slices.SortStableFunc(hopes, func(a, b Sample) int { return cmp.Compare(b.Sense.hope(), a.Sense.hope()) })
	for i, h := range hopes {
		formats := []Setting{{0, 8, "even"}, {0, 8, "odd"}, {0, 7, "even"}, {0, 7, "odd"}}
		if i >= worthMore {
			formats = formats[:2] // seven bits are for text, which gives more hope
		}
		for _, format := range formats {
			format.Baud = h.Setting.Baud
			sample, err := try(format)
			if err != nil {
				return nil, err
			}
			if sample.Sense.Value >= certain {
				rank(all)
				return all, nil
			}
		}
		if i+1 >= worthMore {
			if rank(all); all[0].Sense.Value >= Doubtful {
				break
			}
		}
	}
	rank(all)
	return all, nil
}

// rank puts what makes most sense first.
func rank(all []Sample) {
	slices.SortStableFunc(all, func(a, b Sample) int { return cmp.Compare(b.Sense.Value, a.Sense.Value) })
}

// listen hears what comes at a setting.
func listen(ctx context.Context, l Line, s Setting, listenFor time.Duration) (Sample, error) {
	sample := Sample{Setting: s}
	if err := l.Tune(s); err != nil {
		return sample, err
	}
	if err := wait(ctx, settled); err != nil {
		return sample, err
	}
	drop(l)
	before, counted := l.Errors()
	end := time.NewTimer(listenFor)
	defer end.Stop()
	var last time.Time
	for len(sample.Data) < enough {
		select {
		case <-ctx.Done():
			return sample, ctx.Err()
		case b, ok := <-l.Heard():
			if !ok {
				return sample, ErrLost
			}
			now := time.Now()
			if n := len(sample.Pieces); n == 0 || now.Sub(last) >= pieceGap {
				sample.Pieces = append(sample.Pieces, b)
			} else {
				sample.Pieces[n-1] = append(sample.Pieces[n-1], b...)
			}
			sample.Data = append(sample.Data, b...)
			last = now
			continue
		case <-end.C:
		}
		break
	}
	sample.Sense = Judge(sample.Data, sample.Pieces)
	if after, ok := l.Errors(); ok && counted && len(sample.Data) > 0 {
		broken := float64(after-before) / float64(len(sample.Data))
		sample.Sense.Value *= 1 - min(1, 2*broken)
	}
	return sample, nil
}
