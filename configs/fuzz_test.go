package configs

import (
	"reflect"
	"strings"
	"testing"
)

// For any bytes, Load either returns a config or reports at least one fault with a place within the file. An added
// comment does not change the result.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte("\ufeff[gateway]\r\nid = 'x'\r\n"))
	f.Add([]byte("a.b = {c=[{},1]}\n[[a.d]]\n[a.d.e]\nx='''\n"))
	f.Add([]byte("[devices.x.fields.y]\noptions=[{value=1}]\n[users]\np={password={env='_'}}"))
	for _, s := range Samples() {
		f.Add(s.Text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, faults := loadBytes(t, data)
		lines := strings.Split(string(data), "\n")
		for _, fault := range faults {
			if fault.Line == 0 && len(strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))) > 0 {
				t.Errorf("no place for %s", fault)
			}
			if fault.Line > len(lines) || fault.Line > 0 && fault.Column > len([]rune(fault.Source))+2 { // it may be a carriage return
				t.Errorf("outside the file: %s", fault)
			}
			if fault.What == "" || fault.Try == "" || fault.String() == "" {
				t.Errorf("says too little: %+v", fault)
			}
		}
		again, now := loadBytes(t, append(data[:len(data):len(data)], "\n# a comment"...))
		if c != nil {
			if again == nil {
				t.Fatalf("a comment causes a fault: %v", now)
			}
			// Only the file's path differs, which is part of the config.
			again.Files, again.Warnings, c.Warnings = c.Files, nil, nil
			if !reflect.DeepEqual(c, again) {
				t.Errorf("a comment changes\n%+v\ninto\n%+v", c, again)
			}
		}
	})
}

// loadBytes loads a file with these bytes and returns either the config or the faults.
func loadBytes(t *testing.T, data []byte) (*Config, []Fault) {
	t.Helper()
	const path = "x.toml"
	var sources []*source
	var faults []Fault
	if s, fault := decodeText(path, data); fault != nil {
		faults = append(faults, *fault)
	} else {
		sources = append(sources, s)
	}
	c, err := load(path, sources, faults, false)
	if err == nil && c == nil {
		t.Fatal("neither a config nor faults")
	}
	return c, faultsOf(t, err)
}
