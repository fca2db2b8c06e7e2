package detect

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Sample is what was heard at one setting, and how much sense it makes.
type Sample struct {
	Setting Setting
	Data    []byte
	Pieces  [][]byte // Data, cut at silences
	Sense   Sense
}

const (
	enough    = 600                   // bytes: more of them would add nothing
	pieceGap  = 15 * time.Millisecond // silence that cuts pieces
	settled   = 20 * time.Millisecond // after a change of setting: adapters deliver older bytes
	certain   = 0.93                  // sense at which nothing else is tried
	worthMore = 3                     // speeds whose other formats are tried first
)

// Doubtful is the [Sense] below which a result may be chance.
const Doubtful = 0.75

// Speeds are the usual speeds in bit/s, the most likely first.
func Speeds() []int {
	return []int{9600, 115200, 4800, 38400, 57600, 19200, 2400, 230400, 460800, 256000, 921600, 1200}
}

// Talkers listens to a line at these speeds and the usual formats, at each for at most listenFor, and returns the samples
// in the order of their [Sense], best first. Without a byte at the first two speeds nobody talks: the list is empty then.
// tell receives each setting before it is tried. The error is [ErrLost], that of ctx or of [Line.Tune].
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
			break // nobody talks, or there is no doubt
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
			formats = formats[:2] // seven bits are for text, which would have more hope
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

// rank puts the samples that make most sense first.
func rank(all []Sample) {
	slices.SortStableFunc(all, func(a, b Sample) int { return cmp.Compare(b.Sense.Value, a.Sense.Value) })
}

// listen collects what comes at one setting.
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
