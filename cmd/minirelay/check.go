package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/devices/serial"
	"minirelay/locale"
	"minirelay/relay/upstream"
)

// runCheck is `minirelay check`.
func runCheck(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	path := configFlag(flags)
	elsewhere := flags.Bool("elsewhere", false, "check the config of another machine: read no passwords, and look at no file that the config names")
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
	load := configs.Load
	if *elsewhere {
		load = configs.LoadElsewhere
	}
	config, err := loadConfig(env, configPath(*path), load)
	if err != nil {
		return err
	}
	for _, w := range config.Warnings {
		printWarning(env, w)
	}
	for _, p := range config.Devices.Ports {
		env.printf("port %s: %s\n", p.ID, portSummary(p))
	}
	for _, d := range config.Devices.Devices {
		env.printf("device %s: on %s, %s, %s, %s\n", d.ID, d.Port, d.Codec, count(len(d.Fields), "1 field", "%d fields"), count(len(d.Commands), "1 command", "%d commands"))
	}
	for _, u := range config.Upstreams {
		env.printf("upstream %s: %s\n", u.ID, upstreamSummary(env.lang, config, u))
	}
	if t := config.Broker.TLS; t.Mode == "files" && !*elsewhere {
		if c, err := broker.Examine(t.CertFile, t.KeyFile, time.Now()); err == nil {
			env.printf("certificate: for %s, until %s\n", strings.Join(c.Names, ", "), c.Until.Format(time.DateOnly))
		}
	}
	sound := "is valid"
	if len(config.Files) > 1 {
		sound = "are valid"
	}
	if n := len(config.Warnings); n > 0 {
		sound = "can be used, with " + count(n, "1 warning", "%d warnings")
	}
	return env.printf("%s %s: gateway %s, %s\n", env.lang.List(config.Files...), sound, config.Gateway.ID, usersSummary(env.lang, config))
}

// printWarning prints a warning with its line of the file.
func printWarning(env *env, w configs.Fault) {
	first, rest, _ := strings.Cut(w.In(env.lang.Text), "\n")
	env.printf("warning: %s\n", first)
	fmt.Fprint(env.stdout, rest)
}

// portSummary is the path of a port and its line settings: /dev/ttyACM0 115200 8N1.
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

// lineSettings formats the settings of a line: 115200 8N1.
func lineSettings(p serial.Config) string {
	return fmt.Sprintf("%d %d%s%v", p.Baud, p.DataBits, strings.ToUpper(p.Parity[:1]), p.StopBits)
}

func usersSummary(lang locale.Language, config *configs.Config) string {
	if len(config.Broker.Users) == 0 {
		return "no users"
	}
	var users []string
	for _, u := range config.Broker.Users {
		users = append(users, u.ID+" ("+u.Role+")")
	}
	return lang.Sprintf("users %s", strings.Join(users, ", "))
}

// upstreamSummary is the line of check about an upstream: its address, what it receives and what it may send.
func upstreamSummary(lang locale.Language, config *configs.Config, c upstream.Config) string {
	what := "sends all devices"
	if len(c.Devices) > 0 {
		what = "sends " + strings.Join(c.Devices, ", ")
	}
	takes := "accepts nothing from there"
	if len(c.Accept) > 0 {
		takes = fmt.Sprintf("accepts every %s", strings.Join(c.Accept, " and "))
		if len(c.Commands) > 0 {
			takes = fmt.Sprintf("accepts every %s for %s", strings.Join(c.Accept, " and "), strings.Join(c.Commands, ", "))
		}
	}
	topics := config.Gateway.Root + "/" + config.Gateway.ID + "/…"
	if c.Prefix != "" {
		topics = c.Prefix + "/" + topics
	}
	return lang.Clauses(c.Address(), topics, what, takes)
}
