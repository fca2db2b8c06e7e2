package main

import (
	"context"
	"flag"
	"strings"

	"minirelay/configs"
	"minirelay/locale"
	"minirelay/relay"
)

// runProfiles is `minirelay profiles`: the list, or one profile in full.
func runProfiles(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("profiles", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the list as JSON")
	names, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	switch {
	case len(names) > 1:
		return usageError{"minirelay profiles shows one profile at a time", "give one name"}
	case len(names) == 1:
		p, err := configs.FindProfile(strings.TrimSuffix(names[0], ".toml"))
		if err != nil {
			return usageError{err.Error(), configs.NearestProfile(names[0])}
		}
		_, err = env.stdout.Write(p.Text)
		return err
	case *asJSON:
		return profilesAsJSON(env)
	}
	var columns locale.Table
	for _, p := range configs.Profiles() {
		columns.Row(p.Name, p.Group, bothLanguages(p.Title))
	}
	return columns.Write(env.stdout, 2)
}

// bothLanguages formats a name in both languages.
func bothLanguages(n relay.Name) string {
	if n.ByLang == nil {
		return n.Text
	}
	return n.ByLang["zh"] + " · " + n.ByLang["en"]
}

func profilesAsJSON(env *env) error {
	type profile struct {
		Name   string     `json:"name"`
		Title  relay.Name `json:"title"`
		Group  string     `json:"group"`
		Source string     `json:"source"`
	}
	all := []profile{}
	for _, p := range configs.Profiles() {
		all = append(all, profile{p.Name, p.Title, p.Group, p.Source})
	}
	out := env.json()
	out.SetIndent("", "  ")
	return out.Encode(all)
}
