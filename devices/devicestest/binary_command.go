package devicestest

import (
	"strings"

	"minirelay/devices/codec"
)

func HexOf(b []byte) string {
	var parts []string
	for i := range b {
		parts = append(parts, string(codec.AppendHex(nil, b[i:i+1])))
	}
	return strings.Join(parts, " ")
}
