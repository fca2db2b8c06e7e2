package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"minirelay/configs"
	"minirelay/locale"
	"minirelay/relay"
)

// runProfiles is `minirelay profiles`: the list, the part of it that has some words, or one profile in full.
func runProfiles(_ context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("profiles", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the list as JSON")
	words, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	if len(words) == 1 && !*asJSON {
		if p, err := configs.FindProfile(strings.TrimSuffix(words[0], ".toml")); err == nil {
			_, err = env.stdout.Write(p.Text)
			return err
		}
	}
	found := configs.SearchProfiles(strings.Join(words, " "))
	switch {
	case *asJSON:
		return profilesAsJSON(env, found)
	case len(found) == 0:
		return noProfile(strings.Join(words, " "))
	}
	return listProfiles(env, found)
}

// noProfile is the error for words that no profile has.
func noProfile(words string) usageError {
	return usageError{fmt.Sprintf("there is no profile %q, and none with these words", words), configs.NearestProfile(words)}
}

// listProfiles prints profiles under the names of their kinds.
func listProfiles(env *env, profiles []configs.Profile) error {
	first := true
	for _, g := range configs.ProfileGroups() {
		var columns locale.Table
		any := false
		for _, p := range profiles {
			if p.Group == g.ID {
				columns.Row("  "+p.Name, bothLanguages(p.Title))
				any = true
			}
		}
		if !any {
			continue
		}
		if !first {
			fmt.Fprintln(env.stdout)
		}
		first = false
		fmt.Fprintln(env.stdout, g.Title.ByLang[env.lang.String()])
		if err := columns.Write(env.stdout, 2); err != nil {
			return err
		}
	}
	return nil
}

// bothLanguages formats a name in both languages.
func bothLanguages(n relay.Name) string {
	if n.ByLang == nil {
		return n.Text
	}
	return n.ByLang["zh"] + " · " + n.ByLang["en"]
}

func profilesAsJSON(env *env, found []configs.Profile) error {
	type profile struct {
		Name   string     `json:"name"`
		Title  relay.Name `json:"title"`
		Group  string     `json:"group"`
		Source string     `json:"source"`
	}
	all := []profile{}
	for _, p := range found {
		all = append(all, profile{p.Name, p.Title, p.Group, p.Source})
	}
	out := env.json()
	out.SetIndent("", "  ")
	return out.Encode(all)
}
