package configs

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"minirelay/relay"
)

// The pages about profiles list all of them: the device, its line settings, its fields and its commands.
func TestProfilesInTheDocs(t *testing.T) {
	for lang, file := range map[string]string{"en": "../docs/profiles.md", "zh": "../docs/profiles.zh-CN.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, _, ok := strings.Cut(string(page), "<!-- profiles -->")
		if !ok {
			t.Fatalf("%s has no place for the profiles", file)
		}
		want := before + "<!-- profiles -->\n" + profileTables(t, lang)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if string(page) != want {
			t.Error(file + " is stale: go generate ./configs")
		}
	}
}

func profileTables(t *testing.T, lang string) string {
	t.Helper()
	word := func(en, zh string) string {
		if lang == "zh" {
			return zh
		}
		return en
	}
	listed := 0
	var out strings.Builder
	for _, g := range ProfileGroups() {
		rows := ""
		for _, p := range Profiles() {
			if p.Group != g.ID {
				continue
			}
			listed++
			device := profileConfig(t, p, "/dev/null").Devices.Devices[0]
			var fields, commands []string
			for _, f := range device.Fields {
				fields = append(fields, inLanguage(f.Name, lang))
			}
			for _, c := range device.Commands {
				commands = append(commands, inLanguage(c.Name, lang))
			}
			thing, line := inLanguage(p.Title, lang), ""
			if note := inLanguage(p.Note, lang); note != "" {
				thing += word(". ", "。") + note
			}
			if p.Baud != 0 {
				line = settings(p.Baud, p.Parity, p.StopBits)
			}
			rows += fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", p.Name, thing, line, nameList(fields, lang), nameList(commands, lang))
		}
		if rows != "" {
			fmt.Fprintf(&out, "\n## %s\n\n| %s | %s | %s | %s | %s |\n|---|---|---|---|---|\n%s", inLanguage(g.Title, lang), word("profile", "名称"),
				word("device", "设备"), word("line", "串口"), word("reads", "读数"), word("commands", "命令"), rows)
		}
	}
	if listed != len(Profiles()) {
		t.Errorf("%d of %d profiles are listed", listed, len(Profiles()))
	}
	return out.String()
}

func inLanguage(n relay.Name, lang string) string {
	if text := n.ByLang[lang]; text != "" {
		return text
	}
	return n.Text
}

var numberedName = regexp.MustCompile(`^(.*?) ?(\d+)$`)

// nameList joins names; of "relay 1", "relay 2" … it keeps the first and the last number.
func nameList(names []string, lang string) string {
	var parts []string
	for i := 0; i < len(names); i++ {
		m := numberedName.FindStringSubmatch(names[i])
		last := i
		for m != nil && last+1 < len(names) {
			next := numberedName.FindStringSubmatch(names[last+1])
			if next == nil || next[1] != m[1] {
				break
			}
			last++
		}
		if last > i {
			parts = append(parts, names[i]+"–"+numberedName.FindStringSubmatch(names[last])[2])
			i = last
			continue
		}
		parts = append(parts, names[i])
	}
	if lang == "zh" {
		return strings.Join(parts, "、")
	}
	return strings.Join(parts, ", ")
}
