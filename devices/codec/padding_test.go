package codec

import "testing"

// A text ends where its padding begins: zeros, blanks, or the FF of erased memory.
func TestTextIn(t *testing.T) {
	for in, want := range map[string]string{"ABC\x00\x00": "ABC", "ABC  ": "ABC", "ABC\xff\xff": "ABC", "ABC \xff": "ABC", "\xff\xff": "", "AB\x00CD": "AB",
		"\xe6\xb0\xb4\xff": "水"} {
		if got := string(TextIn([]byte(in))); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
