package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"minirelay/devices"
)

// runPorts is `minirelay ports`.
func runPorts(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("ports", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print a JSON array")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	ports, err := devices.List()
	if err != nil {
		return userError{err.Error(), "minirelay ports needs the /sys of a Linux machine"}
	}
	if *asJSON {
		return printPortsJSON(env, ports)
	}
	if len(ports) == 0 {
		fmt.Fprintln(env.stdout, "no serial port is there: plug an adapter in, or enable the UART of the board")
		return nil
	}
	for i, p := range ports {
		if i > 0 {
			fmt.Fprintln(env.stdout)
		}
		fmt.Fprintf(env.stdout, "path = %q\n", p.Path)
		for _, line := range [][2]string{
			{"now at", strings.TrimPrefix(p.Device, p.Path)},
			{"is", strings.TrimSpace(p.Maker + " " + p.Product)},
			{"usb", p.USB},
			{"serial", p.Serial},
			{"socket", strings.TrimPrefix(p.ByPath, p.Path)},
		} {
			if line[1] != "" {
				fmt.Fprintf(env.stdout, "  # %-7s %s\n", line[0], line[1])
			}
		}
	}
	return nil
}

func printPortsJSON(env *env, ports []devices.PortInfo) error {
	type port struct {
		Path    string `json:"path"`
		Device  string `json:"device"`
		ByID    string `json:"by_id,omitempty"`
		ByPath  string `json:"by_path,omitempty"`
		USB     string `json:"usb,omitempty"`
		Serial  string `json:"serial,omitempty"`
		Maker   string `json:"maker,omitempty"`
		Product string `json:"product,omitempty"`
	}
	out := make([]port, 0, len(ports))
	for _, p := range ports {
		out = append(out, port(p))
	}
	e := json.NewEncoder(env.stdout)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
