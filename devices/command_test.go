package devices

import (
	"testing"

	"minirelay/devices/codec"
)

func TestSeqRunsFromOneToTheLast(t *testing.T) {
	l := &line{seq: codec.MaxSeq - 1}
	if a, b := l.nextSeq(), l.nextSeq(); a != codec.MaxSeq || b != 1 {
		t.Error(a, b)
	}
}
