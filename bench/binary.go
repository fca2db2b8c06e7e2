package main

import (
	"context"
	"os"
)

// binarySize measures the size of minirelay as shipped. The pipe is not shipped.
func binarySize(_ context.Context, b *bench, s side) (sample, error) {
	if s.name == pipe.name {
		return nil, nil
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return nil, err
	}
	return sample{"size": float64(info.Size()) / 1e6}, nil
}
