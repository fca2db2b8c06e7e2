package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"minirelay/configs"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/locale"
)

// listedPort is a port of this machine, of the config, or of both.
type listedPort struct {
	Path    string `json:"path"`
	Device  string `json:"device,omitempty"`
	ByID    string `json:"by_id,omitempty"`
	ByPath  string `json:"by_path,omitempty"`
	USB     string `json:"usb,omitempty"`
	Serial  string `json:"serial,omitempty"`
	Maker   string `json:"maker,omitempty"`
	Product string `json:"product,omitempty"`

	HeldBy  []holder `json:"held_by,omitempty"`
	Port    string   `json:"port,omitempty"`    // its id in the config
	Devices []string `json:"devices,omitempty"` // connected to it there
	Trouble string   `json:"trouble,omitempty"` // why the configured port is missing
}

type holder struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
}

// runPorts is `minirelay ports`.
func runPorts(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("ports", flag.ContinueOnError)
	path := configFlag(flags)
	asJSON := flags.Bool("json", false, "print a JSON array")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	config, err := maybeConfig(env, *path)
	if err != nil {
		return err
	}
	found, err := serial.List()
	if err != nil {
		return userError{err.Error(), "minirelay ports needs the /sys of a Linux machine"}
	}
	ports := listPorts(found, config)
	if *asJSON {
		e := env.json()
		e.SetIndent("", "  ")
		return e.Encode(ports)
	}
	if len(found) == 0 {
		env.printf("no serial port is there: plug an adapter in, or enable the UART of the board\n")
		if len(ports) > 0 {
			fmt.Fprintln(env.stdout)
		}
	}
	for i, p := range ports {
		if i > 0 {
			fmt.Fprintln(env.stdout)
		}
		fmt.Fprint(env.stdout, p.text(env.lang))
	}
	return nil
}

// maybeConfig returns the config for a command that works without one, or nil. Only a config named with -c must exist
// and be valid.
func maybeConfig(env *env, given string) (*configs.Config, error) {
	if given != "" {
		return loadConfig(env, given, configs.LoadElsewhere)
	}
	path := configPath("")
	if !exists(path) {
		return nil, nil
	}
	config, err := configs.LoadElsewhere(path)
	var faults *configs.Faults
	if errors.As(err, &faults) {
		if whole, ok := wholeFault(faults); ok {
			env.notef("warning: %s, so it is ignored\n", whole.what)
			env.notef("hint: %s\n", whole.try)
			return nil, nil
		}
	}
	if err != nil {
		env.notef("warning: %v: it is ignored; minirelay check shows the faults\n", err)
		return nil, nil
	}
	return config, nil
}

// listPorts joins the ports of this machine with those of a config.
func listPorts(found []serial.Info, config *configs.Config) []*listedPort {
	ports := []*listedPort{}
	for _, p := range found {
		ports = append(ports, &listedPort{Path: p.Path, Device: p.Device, ByID: p.ByID, ByPath: p.ByPath, USB: p.USB,
			Serial: p.Serial, Maker: p.Maker, Product: p.Product})
	}
	if config != nil {
		for _, c := range config.Devices.Ports {
			ports = addConfigured(ports, c, config.Devices.Devices)
		}
	}
	for _, p := range ports {
		at := p.Device
		if at == "" {
			at = p.Path
		}
		for _, h := range serial.Users(at) {
			p.HeldBy = append(p.HeldBy, holder{h.PID, h.Name})
		}
	}
	return ports
}

// addConfigured adds a port of the config, which may be absent or belong to another machine.
func addConfigured(ports []*listedPort, c serial.Config, all []mapping.DeviceConfig) []*listedPort {
	real, err := c.Locate()
	i := slices.IndexFunc(ports, func(p *listedPort) bool { return err == nil && p.Device == real })
	if i < 0 {
		name := c.Path
		if c.USB != "" {
			name = strings.TrimSpace("usb " + c.USB + " " + c.Serial)
		}
		ports = append(ports, &listedPort{Path: name})
		i = len(ports) - 1
		if err != nil {
			ports[i].Trouble = err.Error()
		} else if real != c.Path {
			ports[i].Device = real
		}
	}
	ports[i].Port = c.ID
	for _, d := range all {
		if d.Port == c.ID {
			ports[i].Devices = append(ports[i].Devices, d.ID)
		}
	}
	return ports
}

// text returns the line for a config, with comments that help to identify the port.
func (p *listedPort) text(lang locale.Language) string {
	var b strings.Builder
	if usb, ok := strings.CutPrefix(p.Path, "usb "); ok {
		id, serial, _ := strings.Cut(usb, " ")
		fmt.Fprintf(&b, "usb = %q\n", locale.Line(id))
		if serial != "" {
			fmt.Fprintf(&b, "serial = %q\n", locale.Line(serial))
		}
	} else {
		fmt.Fprintf(&b, "path = %q\n", locale.Line(p.Path))
	}
	var by []string
	for _, h := range p.HeldBy {
		by = append(by, lang.Sprintf("%s (process %d)", h.Name, h.PID))
	}
	used := ""
	if p.Port != "" {
		used = lang.Sprintf("[ports.%s], no device uses it", p.Port)
		if len(p.Devices) > 0 {
			used = lang.Sprintf("[ports.%s], used by %s", p.Port, strings.Join(p.Devices, ", "))
		}
	}
	for _, line := range [][2]string{
		{"now at", strings.TrimPrefix(p.Device, p.Path)},
		{"is", strings.TrimSpace(p.Maker + " " + p.Product)},
		{"usb", p.USB},
		{"serial", p.Serial},
		{"socket", strings.TrimPrefix(p.ByPath, p.Path)},
		{"config", used},
		{"open by", lang.List(by...)},
		{"trouble", lang.Text(p.Trouble)},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "  # %s %s\n", locale.Pad(lang.Text(line[0]), 7), locale.Line(line[1]))
		}
	}
	return b.String()
}
