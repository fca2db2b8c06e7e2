package main

import (
	"context"
	"flag"
	"fmt"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/gateway"
	"minirelay/web"
)

// runAddress is `minirelay address`: the addresses of a config's gateway for browsers and phones, even if it is not
// running.
func runAddress(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("address", flag.ContinueOnError)
	path := configFlag(flags)
	draw := flags.Bool("qr", false, "also print the page's address as a QR code")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	config, err := loadConfig(env, configPath(*path), configs.LoadElsewhere)
	if err != nil {
		return err
	}
	addrs := broker.Addrs{TLS: config.Broker.Listen, MQTT: config.Broker.MQTT, WS: config.Broker.WS}
	page := gateway.PageAddress(config, addrs)
	if gateway.OnlyHere(addrs) {
		env.notef("note: only this computer can reach these addresses; for phones, set listen = \":8443\" in [broker]\n")
	}
	if *draw {
		if code, err := web.QR(page); err == nil { // an address too long for a code can still be typed
			fmt.Fprintln(behind(env.stdout), code)
		}
	}
	env.printf("page          %s\nmini-program  %s\n", page, gateway.PhoneAddress(config, addrs))
	return nil
}
