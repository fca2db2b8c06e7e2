package configs

import "errors"

// View is a config that is safe to show: without its secrets. [ViewOf] makes one.
type View struct {
	Files    []File
	Faults   []Fault // its current faults; none: it can be used
	Warnings []Fault
}

// File is the text of one file, comments included, with "(secret)" for every secret in it.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// ViewOf reads the config at path as [Load] does. A config with faults can be shown too.
func ViewOf(path string) View {
	sources, faults := readSources(path)
	var v View
	for _, s := range sources {
		v.Files = append(v.Files, File{s.name, censored(s)})
	}
	config, err := load(path, sources, faults, false)
	var all *Faults
	if errors.As(err, &all) {
		v.Faults = all.List
	} else {
		v.Warnings = config.Warnings
	}
	return v
}

// censored returns the text of s without its secrets.
func censored(s *source) string { return spliced(s.text, s.secrets()) }

// spliced returns text with the spans replaced, which are in order. A span inside another one is left out.
func spliced(text []byte, spans []span) string {
	var out []byte
	at := 0
	for _, p := range spans {
		if p.start < at {
			continue
		}
		out = append(out, text[at:p.start]...)
		if p.by == "" {
			out = append(out, text[p.start:p.end]...)
		}
		out = append(out, p.by...)
		at = p.end
	}
	return string(append(out, text[at:]...))
}

// DataDirOf returns the data directory of a gateway with the config at path, also if the config has faults, or needs
// secrets that are available only where the gateway runs. ok is false if none of its files can be read.
func DataDirOf(path string) (dir string, ok bool) {
	sources, _ := readSources(path)
	if len(sources) == 0 {
		return "", false
	}
	root := &node{at: place{sources[0], 0, 0}}
	for _, s := range sources {
		parseSource(s, root, &report{mute: true})
	}
	if n := root.get("gateway", "data_dir"); n != nil && n.kind == kindText {
		return n.value.(string), true
	}
	return DefaultGateway().DataDir, true
}
