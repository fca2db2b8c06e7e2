package configs

import (
	"reflect"

	"minirelay/devices/mapping"

	"minirelay/relay"
)

// Load reads the config at path: a file, or a directory whose *.toml files are merged in the order of their names. Its
// error is a [*Faults] with everything that is wrong.
func Load(path string) (*Config, error) { return Read(path).Load() }

// LoadElsewhere is [Load] for a config that another machine or another user runs. It reads no secret from the environment
// or from another file, so those are absent from the result, and it looks at no file that the config names.
func LoadElsewhere(path string) (*Config, error) {
	sources, faults := readSources(path)
	return load(path, sources, faults, true)
}

// load builds a config from what was read from path, provided neither reading nor checking finds a fault.
func load(path string, sources []*source, faults []Fault, elsewhere bool) (*Config, error) {
	r := &report{faults: faults}
	if len(sources) == 0 {
		return nil, &Faults{Path: path, List: inOrder(r.faults)}
	}
	root := &node{at: place{sources[0], 0, 0}}
	whole := len(faults) == 0
	for _, s := range sources {
		whole = parseSource(s, root, r) && whole
	}
	root.broken = !whole

	w := &walker{report: r, elsewhere: elsewhere, bad: map[*node]map[string]bool{}}
	w.root, w.strayed = root, stray(root)
	w.applyProfiles(root)
	doc := defaults(reflect.TypeFor[document]()).Interface().(document)
	w.table(root, documentShape().keys, reflect.ValueOf(&doc).Elem(), "")
	k := &checker{walker: w, root: root, doc: doc, whole: whole && !w.dropped}
	k.check(path)
	if !elsewhere {
		k.checkAccess(sources)
	}
	if len(r.faults) > 0 {
		return nil, &Faults{Path: path, List: inOrder(r.faults)}
	}
	orderChoices(root, &doc)
	config := doc.config()
	for _, s := range sources {
		config.Files = append(config.Files, s.name)
	}
	config.Warnings = inOrder(r.warnings)
	return config, nil
}

// orderChoices fills in the options of an enum that has only values. The options keep the order of the file, which the
// map of values has lost.
func orderChoices(root *node, doc *document) {
	choices := func(t relay.Type, options []mapping.OptionConfig, names ...string) []mapping.OptionConfig {
		values := root.get(append(names, "values")...)
		if t != relay.TypeEnum || len(options) > 0 || values == nil {
			return options
		}
		for _, v := range values.children {
			options = append(options, mapping.OptionConfig{Value: v.name})
		}
		return options
	}
	for _, d := range doc.Devices {
		for i, f := range d.Fields {
			d.Fields[i].Options = choices(f.Type, f.Options, "devices", d.ID, "fields", f.ID)
		}
		for i, c := range d.Commands {
			d.Commands[i].Options = choices(c.Type, c.Options, "devices", d.ID, "commands", c.ID)
		}
	}
}
