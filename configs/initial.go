package configs

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// initial is what the package installs as /etc/minirelay/minirelay.toml.
//
//go:embed initial.toml
var initial []byte

// Untouched reports whether a config is still the one that was installed.
func Untouched(text []byte) bool { return bytes.Equal(text, initial) }

// Start is the content of a first config. See [Start.Text].
type Start struct {
	Gateway, Name string // id and name
	DataDir       string
	Listen        string
	WS            string // "" for none
	Admin         string // the id of the first user
	Hash          string // of the admin's password
	Things        []StartThing
}

// Check returns the config that the answers make, without looking at any file. The error is [Faults]: an answer cannot be
// used.
func (s Start) Check() (*Config, error) {
	if s.Hash == "" {
		s.Admin = "" // it is not known yet
	}
	const name = "minirelay.toml"
	return load(name, []*source{newSource(name, s.Text())}, nil, true)
}

// StartThing is a device and its port. Things with the same Port share it.
type StartThing struct {
	Port, Device string // ids
	Path         string
	Baud         int
	Parity       string
	StopBits     float64
	Profile      string // "" for a device that has no description yet
	Unit         int    // the address on a bus; 0 for that of the profile
}

// Text returns the config, with a comment for each setting that a user will probably want to change.
func (s Start) Text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# minirelay check says whether this file is right. A change takes effect when it is saved.\n"+
		"# 用 minirelay check 检查本文件；保存后立即生效。 minirelay sample: 所有的键及说明\n\n")
	fmt.Fprintf(&b, "[gateway]\nid       = %q\n", s.Gateway)
	if s.Name != "" {
		fmt.Fprintf(&b, "name     = %q\n", s.Name)
	}
	fmt.Fprintf(&b, "data_dir = %q\n\n", s.DataDir)
	fmt.Fprintf(&b, "[broker]\n# The page, and MQTT over wss at /mqtt. 网页和 wss。\nlisten = %q\n", s.Listen)
	fmt.Fprintf(&b, "# Plain WebSocket for phones in a trusted LAN; passwords are sent unencrypted. 仅限可信的局域网，密码以明文传输。\n")
	if s.WS != "" {
		fmt.Fprintf(&b, "ws     = %q\n", s.WS)
	} else {
		fmt.Fprintf(&b, "# ws   = \":8080\"\n")
	}
	if s.Admin != "" {
		fmt.Fprintf(&b, "\n[users.%s]\npassword_hash = %q\nrole          = \"admin\"   # viewer | operator | admin\n", s.Admin, s.Hash)
	}
	ports := map[string]bool{}
	for _, t := range s.Things {
		if !ports[t.Port] {
			t.writePort(&b)
			ports[t.Port] = true
		}
		t.writeDevice(&b)
	}
	if len(s.Things) == 0 {
		fmt.Fprintf(&b, "\n# The devices on the Pi: minirelay ports lists the ports, minirelay profiles the devices that are already described.\n"+
			"# 接在树莓派上的设备：minirelay ports 列出串口，minirelay profiles 列出已有描述的设备。\n"+
			"# [ports.uno]\n# path = \"/dev/serial/by-id/…\"\n# baud = 115200\n#\n# [devices.greenhouse]\n# port    = \"uno\"\n# profile = \"arduino-greenhouse\"\n")
	}
	return []byte(b.String())
}

func (t StartThing) writePort(b *strings.Builder) {
	fmt.Fprintf(b, "\n[ports.%s]\npath = %q\nbaud = %d\n", t.Port, t.Path, t.Baud)
	if t.Parity != "none" {
		fmt.Fprintf(b, "parity = %q\n", t.Parity)
	}
	if t.StopBits != 1 {
		fmt.Fprintf(b, "stop_bits = %s\n", strconv.FormatFloat(t.StopBits, 'g', -1, 64))
	}
}

func (t StartThing) writeDevice(b *strings.Builder) {
	if t.Profile != "" {
		fmt.Fprintf(b, "\n[devices.%s]\nport    = %q\nprofile = %q   # minirelay profiles %s shows its contents\n", t.Device, t.Port, t.Profile, t.Profile)
		if t.Unit != 0 {
			fmt.Fprintf(b, "unit    = %d\n", t.Unit)
		}
		return
	}
	fmt.Fprintf(b, "\n# Not described yet: minirelay watch %s shows its data, docs/mappings.md explains how to describe it. 尚未描述。\n"+
		"# [devices.%s]\n# port  = %q\n# codec = \"json\"\n#\n# [devices.%s.fields.temperature]\n# key  = \"t\"\n# type = \"number\"\n# unit = \"°C\"\n",
		t.Port, t.Device, t.Port, t.Device)
}
