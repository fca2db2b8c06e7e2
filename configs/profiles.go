package configs

import (
	"embed"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"minirelay/devices/mapping"

	"minirelay/devices/serial"

	"minirelay/relay"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

// Profile is a ready-made description of a device: the keys that a [devices.ID] table gets from profile = "NAME".
type Profile struct {
	Name string // the file name without .toml
	Text []byte
	ProfileHead
}

// ProfileHead is the [profile] table of a profile's file. The [device] table next to it has the keys of [devices.ID].
type ProfileHead struct {
	Title    relay.Name `toml:"title" doc:"the name of the device; a text or a table of languages" required:"true"`
	Group    string     `toml:"group" doc:"kind of device" oneof:"meter,climate,air,water,relay,distance,position,weather,soil,solar,battery,board,other" required:"true"`
	Source   string     `toml:"source" doc:"the document or recording that the mapping comes from, with its version" required:"true"`
	Note     relay.Name `toml:"note" doc:"a note to read before connecting it"`
	Baud     int        `toml:"baud" doc:"speed of the line as delivered, in bit/s; 0 if it does not matter" min:"0" max:"4000000"`
	Parity   string     `toml:"parity" doc:"parity as delivered" oneof:"none,odd,even,mark,space"`
	StopBits float64    `toml:"stop_bits" doc:"stop bits as delivered" oneof:"1,2"`
}

// Profiles returns all profiles, in the order of their names.
func Profiles() []Profile {
	entries, err := profileFiles.ReadDir("profiles")
	if err != nil {
		panic(err) // they are part of the program
	}
	var all []Profile
	for _, e := range entries {
		p, err := FindProfile(strings.TrimSuffix(e.Name(), ".toml"))
		if err != nil {
			panic(err) // a test reads all of them
		}
		all = append(all, p)
	}
	return all
}

// FindProfile returns the profile called name. The error suggests the nearest one: see [NearestProfile].
func FindProfile(name string) (Profile, error) {
	text, err := profileFiles.ReadFile("profiles/" + name + ".toml")
	if err != nil {
		return Profile{}, fmt.Errorf("there is no profile %q", name)
	}
	root, r := profileTree(name, text)
	w := &walker{report: r, bad: map[*node]map[string]bool{}}
	var head ProfileHead
	head.Parity, head.StopBits = "none", 1
	if n := root.child("profile"); n != nil {
		w.table(n, keysOf(reflect.TypeFor[ProfileHead]()), reflect.ValueOf(&head).Elem(), "profile")
	}
	if len(r.faults) > 0 {
		return Profile{}, &Faults{Path: name, List: r.faults}
	}
	return Profile{Name: name, Text: text, ProfileHead: head}, nil
}

// Unit returns the Modbus address that the device has as delivered. ok reports whether it has one: several such devices
// can share a port.
func (p Profile) Unit() (unit int, ok bool) {
	root, _ := profileTree(p.Name, p.Text)
	if n := root.get("device", "unit"); n != nil && n.kind == kindWhole {
		return int(n.value.(int64)), true
	}
	return 0, false
}

// ProfileNames lists the profiles, without reading them.
func ProfileNames() []string {
	entries, err := profileFiles.ReadDir("profiles")
	if err != nil {
		panic(err) // they are part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

// NearestProfile returns a hint with the profile whose name is most similar to name.
func NearestProfile(name string) string {
	if meant, ok := Nearest(name, ProfileNames()); ok {
		return fmt.Sprintf("did you mean %q?", meant)
	}
	return "minirelay profiles lists them"
}

// profileTree parses a profile.
func profileTree(name string, text []byte) (*node, *report) {
	r := &report{}
	s := newSource("profile "+name, text)
	s.searched.Do(func() {}) // it contains no secrets, and has another shape
	root := &node{at: place{s, 0, 0}}
	root.broken = !parseSource(s, root, r)
	return root, r
}

// applyProfiles puts the keys of a profile under each device that names it, as if they were in the file. The file
// itself overrides them.
func (w *walker) applyProfiles(root *node) {
	table := root.get("devices")
	if table == nil || table.kind != kindTable {
		return
	}
	for _, device := range table.children {
		n := device.child("profile")
		if n == nil || n.kind != kindText {
			continue // the walker reports it
		}
		name := n.value.(string)
		text, err := profileFiles.ReadFile("profiles/" + name + ".toml")
		if err != nil {
			w.fault(n.at, fmt.Sprintf("there is no profile %q", name), NearestProfile(name))
			w.spoil(device, "profile")
			device.broken = true // do not report the keys that the profile would have set
			continue
		}
		profile, r := profileTree(name, text)
		w.faults = append(w.faults, r.faults...)
		w.without(device, profile.child("device"))
		if title := profile.get("profile", "title"); title != nil && device.child("name") == nil {
			title.name = "name"
			device.add(title)
		}
		underlay(device, profile.child("device"), 2)
	}
}

// without removes the fields and commands of a profile that a device excludes.
func (w *walker) without(device, profile *node) {
	list := device.child("without")
	if list == nil || list.kind != kindList {
		return
	}
	var known []string
	for _, section := range []string{"fields", "commands"} {
		if t := profile.child(section); t != nil {
			for _, c := range t.children {
				known = append(known, c.name)
			}
		}
	}
	for _, unwanted := range list.children {
		id, _ := unwanted.value.(string)
		if !slices.Contains(known, id) {
			w.fault(unwanted.at, fmt.Sprintf("the profile has neither field nor command %q", id), didYouMean(id, known, "it has "))
		}
		for _, section := range []string{"fields", "commands"} {
			profile.child(section).drop(id)
		}
	}
}

// drop removes a child.
func (n *node) drop(name string) {
	if n.child(name) == nil {
		return
	}
	delete(n.index, name)
	n.children = slices.DeleteFunc(n.children, func(c *node) bool { return c.name == name })
}

// underlay puts the children of base below those of n, and does the same for nested tables down to depth; base sets the
// order.
func underlay(n, base *node, depth int) {
	if base == nil || n.kind != kindTable {
		return
	}
	own := n.children
	n.children = nil
	for _, b := range base.children {
		mine := n.child(b.name)
		if mine == nil {
			n.add(b)
			continue
		}
		n.children = append(n.children, mine)
		if depth > 0 && b.kind == kindTable && mine.kind == kindTable {
			underlay(mine, b, depth-1)
		}
	}
	for _, c := range own {
		if base.child(c.name) == nil {
			n.children = append(n.children, c)
		}
	}
}

// checkProfile warns about a port whose settings differ from the device's factory settings.
func (k *checker) checkProfile(d mapping.DeviceConfig, port serial.Config) {
	if d.Profile == "" || !k.has("devices", d.ID, "profile") || strings.HasPrefix(port.Path, "tcp://") {
		return
	}
	p, err := FindProfile(d.Profile)
	if err != nil || p.Baud == 0 {
		return
	}
	if port.Baud != p.Baud || port.Parity != p.Parity || port.StopBits != p.StopBits {
		k.warning(k.at("devices", d.ID, "profile"), fmt.Sprintf("the port %q is set to %s, and a %s is delivered with %s",
			port.ID, settings(port.Baud, port.Parity, port.StopBits), d.Profile, settings(p.Baud, p.Parity, p.StopBits)),
			fmt.Sprintf("set baud = %d, parity = %q and stop_bits = %v in [ports.%s], unless you have changed the device", p.Baud, p.Parity, p.StopBits, port.ID))
	}
}

// settings formats the settings of a line in the usual notation: 9600 8N1.
func settings(baud int, parity string, stop float64) string {
	return fmt.Sprintf("%d 8%s%v", baud, strings.ToUpper(parity[:1]), stop)
}
