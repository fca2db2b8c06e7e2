package nats

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestCompose checks deploy/fleet/compose.yaml: each node has everything that node.conf and users.conf take from the
// environment, a certificate and a disk of its own, and ports that gateways and phones can reach from outside. It runs
// no container engine.
func TestCompose(t *testing.T) {
	const dir = "../../deploy/fleet/"
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var file struct {
		Services map[string]struct {
			EnvFile        string `yaml:"env_file"`
			Environment    map[string]string
			Ports, Volumes []string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal([]byte(read("compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) != 3 {
		t.Errorf("%d nodes", len(file.Services))
	}
	config := regexp.MustCompile(`(?m)#.*$`).ReplaceAllString(read("node.conf")+read("users.conf"), "")
	asked := regexp.MustCompile(`\$([A-Z0-9_]+)`).FindAllStringSubmatch(config, -1)
	outside := map[string]string{}
	for name, s := range file.Services {
		for _, a := range asked {
			if _, ok := s.Environment[a[1]]; !ok && !strings.Contains("\n"+read(s.EnvFile), "\n"+a[1]+"=") {
				t.Errorf("%s has no %s", name, a[1])
			}
		}
		for key, want := range map[string]string{"NATS_NAME": name, "NATS_CERT": "/certs/" + name + ".pem", "NATS_KEY": "/certs/" + name + ".key"} {
			if got := s.Environment[key]; got != want {
				t.Errorf("%s: %s is %q", name, key, got)
			}
		}
		var inside []string
		for _, p := range s.Ports {
			out, in, _ := strings.Cut(p, ":")
			if outside[out] != "" {
				t.Errorf("%s and %s are both at %s", name, outside[out], out)
			}
			outside[out] = name
			inside = append(inside, in)
		}
		if !slices.Equal(inside, []string{"8883", "8084"}) {
			t.Errorf("%s is reached at %v", name, s.Ports)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(from, "./") && from != "./certs" {
				read(from)
			}
		}
		if _, ok := file.Volumes[name]; !ok || !slices.Contains(s.Volumes, name+":/var/lib/nats") {
			t.Errorf("%s has no disk of its own", name)
		}
	}
}
