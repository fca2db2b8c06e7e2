package softboard

import (
	_ "embed"
	"strings"
)

// GreenhouseMapping is the TOML for a Greenhouse on the port at path.
func GreenhouseMapping(path string) string {
	return strings.ReplaceAll(greenhouseTOML, "PORT_PATH", path)
}

// RelaysMapping is the TOML for Relays on the port at path.
func RelaysMapping(path string) string { return strings.ReplaceAll(relaysTOML, "PORT_PATH", path) }

//go:embed greenhouse.toml
var greenhouseTOML string

//go:embed relays.toml
var relaysTOML string
