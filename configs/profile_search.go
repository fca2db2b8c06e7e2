package configs

import (
	"slices"
	"strings"

	"minirelay/relay"
)

// ProfileGroup is a kind of device.
type ProfileGroup struct {
	ID    string // the group of a [ProfileHead]
	Title relay.Name
}

// ProfileGroups lists the kinds of devices in the order in which people see them.
func ProfileGroups() []ProfileGroup {
	var groups []ProfileGroup
	for _, g := range [][3]string{
		{"meter", "Electricity meters", "电表"},
		{"solar", "Solar", "光伏"},
		{"battery", "Batteries", "电池"},
		{"climate", "Temperature and humidity", "温湿度"},
		{"air", "Air", "空气"},
		{"weather", "Weather", "气象"},
		{"soil", "Soil", "土壤"},
		{"water", "Water", "水"},
		{"distance", "Distance and presence", "距离与人体感应"},
		{"position", "Position", "定位"},
		{"relay", "Relays", "继电器"},
		{"board", "Boards of your own", "自制开发板"},
		{"other", "Others", "其他"},
	} {
		groups = append(groups, ProfileGroup{g[0], relay.Name{ByLang: map[string]string{"en": g[1], "zh": g[2]}}})
	}
	return groups
}

// SearchProfiles returns the profiles that have all words in their name, title or kind, in either language, in the order
// of their names. Upper case, blanks, and - _ and / within a name do not matter: pzem004 finds PZEM-004T. The words are
// separated by blanks; without words it returns all profiles.
func SearchProfiles(words string) []Profile {
	groups := map[string]relay.Name{}
	for _, g := range ProfileGroups() {
		groups[g.ID] = g.Title
	}
	var wanted []string
	for _, word := range strings.Fields(words) {
		if word = searchable(word); word != "" {
			wanted = append(wanted, word)
		}
	}
	if len(wanted) == 0 && strings.TrimSpace(words) != "" {
		return nil // it consists of hyphens
	}
	return slices.DeleteFunc(Profiles(), func(p Profile) bool {
		texts := []string{searchable(p.Name), searchable(p.Group)}
		for _, n := range []relay.Name{p.Title, groups[p.Group]} {
			texts = append(texts, searchable(n.Text))
			for _, text := range n.ByLang {
				texts = append(texts, searchable(text))
			}
		}
		return slices.ContainsFunc(wanted, func(word string) bool {
			return !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, word) })
		})
	})
}

// searchable is a text without what people write in different ways.
func searchable(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", "/", "").Replace(strings.ToLower(s))
}
