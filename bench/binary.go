package main

import (
	"context"
	"os"
)

// binarySize reads how large minirelay is as it is shipped. The pipe ships nothing.
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
