package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"minirelay/configs"
	"minirelay/devices/serial"
	"minirelay/relay/upstream"
)

// runCheck is `minirelay check`.
func runCheck(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	path := configFlag(flags)
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	switch {
	case len(rest) == 1 && *path == "":
		*path = rest[0]
	case len(rest) > 0:
		return usageError{"minirelay check takes one config", "name one file, or one directory of *.toml"}
	}
	config, err := loadConfig(env, configPath(*path))
	if err != nil {
		return err
	}
	for _, w := range config.Warnings {
		fmt.Fprintf(env.stdout, "warning: %s", w)
	}
	for _, p := range config.Devices.Ports {
		fmt.Fprintf(env.stdout, "port %s: %s\n", p.ID, portSummary(p))
	}
	for _, d := range config.Devices.Devices {
		fmt.Fprintf(env.stdout, "device %s: on %s, %s, %s, %s\n", d.ID, d.Port, d.Codec, count(len(d.Fields), "field"), count(len(d.Commands), "command"))
	}
	for _, u := range config.Upstreams {
		fmt.Fprintf(env.stdout, "upstream %s: %s\n", u.ID, upstreamSummary(config, u))
	}
	sound := "is sound"
	if n := len(config.Warnings); n > 0 {
		sound = "can be used, with " + count(n, "warning")
	}
	_, err = fmt.Fprintf(env.stdout, "%s %s: gateway %s, %s\n", strings.Join(config.Files, ", "), sound, config.Gateway.ID, usersSummary(config))
	return err
}

// portSummary is where a port is and how its line is set: /dev/ttyACM0 115200 8N1.
func portSummary(p serial.Config) string {
	if strings.HasPrefix(p.Path, "tcp://") {
		return p.Path
	}
	name := p.Path
	if p.USB != "" {
		name = strings.TrimSpace("usb " + p.USB + " " + p.Serial)
	}
	return name + " " + lineSettings(p)
}

// lineSettings is how a line is set: 115200 8N1.
func lineSettings(p serial.Config) string {
	return fmt.Sprintf("%d %d%s%v", p.Baud, p.DataBits, strings.ToUpper(p.Parity[:1]), p.StopBits)
}

func usersSummary(config *configs.Config) string {
	if len(config.Broker.Users) == 0 {
		return "no users"
	}
	var users []string
	for _, u := range config.Broker.Users {
		users = append(users, u.ID+" ("+u.Role+")")
	}
	return "users " + strings.Join(users, ", ")
}

// count is a number of things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// upstreamSummary is what check says of an upstream: where it is, what goes up and what may come down.
func upstreamSummary(config *configs.Config, c upstream.Config) string {
	what := "sends all devices"
	if len(c.Devices) > 0 {
		what = "sends " + strings.Join(c.Devices, ", ")
	}
	takes := "takes nothing from there"
	if len(c.Accept) > 0 {
		takes = "takes every " + strings.Join(c.Accept, " and ")
		if len(c.Commands) > 0 {
			takes += " for " + strings.Join(c.Commands, ", ")
		}
	}
	topics := config.Gateway.Root + "/" + config.Gateway.ID + "/…"
	if c.Prefix != "" {
		topics = c.Prefix + "/" + topics
	}
	return fmt.Sprintf("%s, %s, %s, %s", c.Address(), topics, what, takes)
}
