package configs

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"minirelay/relay"
)

var update = flag.Bool("update", false, "write the schema file anew")

const schemaFile = "samples/minirelay.schema.json"

// The file next to the samples is the one that editors read.
func TestSchemaFile(t *testing.T) {
	if *update {
		if err := os.WriteFile(schemaFile, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, Schema()) {
		t.Error(schemaFile + " is stale: go generate ./configs")
	}
}

func TestSamples(t *testing.T) {
	for _, who := range []string{"PHONE", "WALL", "CLOUD", "ARCHIVE", "GW_HOME", "GW_FARM", "FAMILY", "NEIGHBOUR"} {
		t.Setenv(who+"_PASSWORD", "a password for the test")
	}
	samples := Samples()
	if files, err := filepath.Glob("samples/*.toml"); err != nil || len(samples) != len(files) {
		t.Errorf("%d samples of %d files (%v)", len(samples), len(files), err)
	}
	for _, s := range samples {
		if !strings.HasPrefix(string(s.Text), "#:schema ./minirelay.schema.json\n") {
			t.Errorf("%s does not begin with its schema", s.Name)
		}
		if han := regexp.MustCompile(`\p{Han}`); s.Summary == "" || han.MatchString(s.Summary) || !han.MatchString(s.Chinese) {
			t.Errorf("%s does not begin with a summary in English and one in Chinese", s.Name)
		}
		c, err := Load("samples/" + s.Name + ".toml")
		if err != nil {
			t.Errorf("%s: %v", s.Name, faultsOf(t, err))
			continue
		}
		for _, w := range c.Warnings {
			if !w.Exposed { // its passwords are examples
				t.Errorf("%s: %s", s.Name, w)
			}
		}
	}
}

// shownKeys returns "section" and "section.key" for everything that a sample shows, including commented-out lines.
func shownKeys(text []byte) map[string]bool {
	section := ""
	shown := map[string]bool{}
	table := regexp.MustCompile(`^\[([a-z_]+)(?:\.[a-z0-9_-]+)?(?:\.([a-z_]+))?`)
	key := regexp.MustCompile(`^(?:# )?([a-z0-9_]+)(?:\.[a-z]+)? +?= `)
	for line := range strings.Lines(string(text)) {
		if m := table.FindStringSubmatch(line); m != nil {
			section = m[1]
			if m[2] != "" {
				section = m[2]
			}
			shown[m[1]], shown[section] = true, true
			if strings.HasPrefix(line, "[broker.tls]") {
				section, shown["tls"] = "tls", true
			}
		} else if m := key.FindStringSubmatch(line); m != nil {
			shown[section+"."+m[1]] = true
		}
	}
	return shown
}

// The annotated sample shows every key. Keys that only some codecs have may be shown in a sample of one of these codecs
// instead. A commented-out key can be uncommented.
func TestSampleShowsEveryKey(t *testing.T) {
	annotated, anywhere := map[string]bool{}, map[string]bool{}
	for _, s := range Samples() {
		shown := shownKeys(s.Text)
		if s.Name == "minirelay" {
			annotated = shown
		}
		for key := range shown {
			anywhere[key] = true
		}
	}
	var walk func(s *shape, section string, some bool)
	walk = func(s *shape, section string, some bool) {
		for _, k := range s.keys {
			some := some || len(k.codecs) > 0 // some codecs, but not all
			shown, where := annotated, "the annotated sample"
			if some {
				shown, where = anywhere, "any sample"
			}
			name := section + "." + k.name
			if k.form == formTable || k.form == formByID {
				name = k.name
				walk(k.shape, k.name, some)
			}
			if !shown[name] {
				t.Errorf("%s does not show %s of [%s]", where, k.name, section)
			}
		}
	}
	walk(documentShape(), "", false)
}

// The commented-out lines of the annotated sample are valid when they are uncommented.
func TestSampleOptions(t *testing.T) {
	text, err := os.ReadFile("samples/minirelay.toml")
	if err != nil {
		t.Fatal(err)
	}
	option := regexp.MustCompile(`(?m)^# ([a-z_]+ = .*)$`)
	for _, m := range option.FindAllSubmatchIndex(text, -1) {
		line := string(text[m[2]:m[3]])
		if strings.HasPrefix(line, "password =") || strings.Contains(line, "_file =") {
			continue // the hash next to it, and mode, would have to change too
		}
		with := string(text[:m[0]]) + line + string(text[m[1]:])
		if _, err := loadText(t, with); err != nil {
			t.Errorf("%s: %v", line, faultsOf(t, err))
		}
	}
}

// Every tag can be parsed, every key has a description, and the schema agrees with Load about ids.
func TestShapes(t *testing.T) {
	var walk func(s *shape, path string)
	walk = func(s *shape, path string) {
		for _, k := range s.keys {
			at := path + "." + k.name
			if k.doc == "" {
				t.Errorf("%s has no doc", at)
			}
			if low, high := k.bound(k.min, 0), k.bound(k.max, 1e18); low > high {
				t.Errorf("%s: %s is greater than %s", at, k.min, k.max)
			}
			walk(k.shape, at)
		}
	}
	walk(documentShape(), "")
	id := regexp.MustCompile(idPattern)
	for _, s := range []string{"a", "0-_", "A", "-a", "", strings.Repeat("a", 32), strings.Repeat("a", 33)} {
		if id.MatchString(s) != relay.ValidID(s) {
			t.Errorf("the schema and the relay disagree about %q", s)
		}
	}
	var schema map[string]any
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Error(err)
	}
}

func TestWritten(t *testing.T) {
	for d, want := range map[time.Duration]string{24 * time.Hour: "24h", 90 * time.Minute: "1h30m", time.Minute: "1m", 90 * time.Second: "1m30s",
		10 * time.Second: "10s", 500 * time.Millisecond: "500ms", 20 * time.Hour: "20h", 20 * time.Minute: "20m", 0: "0s"} {
		if got := written(d); got != want {
			t.Errorf("%v is written %s", d, got)
		}
	}
}
