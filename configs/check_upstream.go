package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"minirelay/relay/upstream"
)

func (k *checker) checkUpstreams() {
	var devices []string
	for _, d := range k.doc.Devices {
		devices = append(devices, d.ID)
	}
	for n, u := range k.doc.Upstream {
		at := func(key string) []string { return []string{"upstream", u.ID, key} }
		problems, _ := upstream.Check(u)
		for _, p := range problems {
			if k.root.get(at(p.Key)...) != nil && k.sound(at(p.Key)...) {
				k.fault(k.at(at(p.Key)...), p.What, p.Try)
			}
		}
		k.checkList(at("send"), "there is no kind of topic %q", upstream.Kinds, "")
		k.checkList(at("accept"), "there is no kind of message %q", upstream.Inlets, "")
		known := devices
		if !k.whole {
			known = nil // a device may be in a part that could not be read
		}
		k.checkList(at("devices"), "there is no device %q", known, "an empty list of devices would mean all of them")
		k.checkList(at("command_devices"), "there is no device %q", known, "an empty list of devices would mean all of them")
		k.checkUpstreamFiles(u)
		k.checkUpstreamRights(u)
		for _, other := range k.doc.Upstream[:n] {
			if sameUpstream(u, other) && k.has(at("url")...) {
				k.fault(k.at(at("url")...), fmt.Sprintf("[upstream.%s] logs in where [upstream.%s] does, with the same client id: they would disconnect each other", u.ID, other.ID),
					"give each its own client_id")
			}
		}
	}
	k.checkReplayNames()
}

// sameUpstream reports whether a broker would take two upstreams for one client.
func sameUpstream(a, b upstream.Config) bool {
	return a.URL == b.URL && a.User == b.User && a.ClientID == b.ClientID
}

// checkList checks that each text of a list is a known one; if known is nil, every text passes. what says, of a text, that it
// is not.
func (k *checker) checkList(names []string, what string, known []string, empty string) {
	n := k.root.get(names...)
	if n == nil || !k.sound(names...) {
		return
	}
	if len(n.children) == 0 && empty != "" {
		k.fault(n.at, empty, "leave it out for all devices, or name some")
	}
	for _, child := range n.children {
		if word, ok := child.value.(string); ok && known != nil && !slices.Contains(known, word) {
			k.reference(child.at, fmt.Sprintf(what, word), word, known)
		}
	}
}

func (k *checker) checkUpstreamFiles(u upstream.Config) {
	for _, f := range []struct{ key, path string }{{"ca_file", u.CAFile}, {"cert_file", u.CertFile}, {"key_file", u.KeyFile}} {
		if f.path == "" || k.elsewhere {
			continue
		}
		if _, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
			k.warning(k.at("upstream", u.ID, f.key), fmt.Sprintf("there is no file %s on this machine", f.path), "the upstream cannot be reached without it")
		} else if f.key == "key_file" {
			k.checkSecretFile(k.at("upstream", u.ID, f.key), f.path)
		}
	}
}

// checkUpstreamRights warns about secrets that others can read, in the file or on the network, and reports rights that
// have no effect.
func (k *checker) checkUpstreamRights(u upstream.Config) {
	if n := k.root.get("upstream", u.ID, "password"); n != nil && n.kind == kindText && k.sound("upstream", u.ID, "password") {
		k.exposed(n.at, fmt.Sprintf("the password for the upstream %q can be read by everybody with access to this file", u.ID),
			`use { file = "path" } or { env = "NAME" }`)
	}
	clear := strings.HasPrefix(u.URL, "mqtt:") || strings.HasPrefix(u.URL, "ws:")
	if clear && k.has("upstream", u.ID, "url") && !loopbackURL(u.URL) {
		k.warning(k.at("upstream", u.ID, "url"), "passwords and commands are sent unencrypted", "use mqtts:// or wss:// unless you trust everybody on the way")
	}
	if len(u.Commands) > 0 && !slices.Contains(u.Accept, "command") && k.has("upstream", u.ID, "command_devices") {
		k.fault(k.at("upstream", u.ID, "command_devices"), "command_devices has no effect: no command is accepted from there", `add accept = ["command"], or leave it out`)
	}
}

func loopbackURL(address string) bool {
	_, host, _ := strings.Cut(address, "://")
	for _, local := range []string{"localhost", "127.", "[::1]"} {
		if strings.HasPrefix(host, local) {
			return true
		}
	}
	return false
}

// checkReplayNames checks that no field has the name of a key that the gateway adds to its upstream messages.
func (k *checker) checkReplayNames() {
	if len(k.doc.Upstream) == 0 {
		return
	}
	for _, d := range k.doc.Devices {
		for _, f := range d.Fields {
			if slices.Contains(upstream.OwnKeys, f.ID) {
				k.fault(k.root.get("devices", d.ID, "fields", f.ID).key,
					fmt.Sprintf("a field cannot be called %q if there is an upstream, whose messages have this key already", f.ID),
					fmt.Sprintf("choose another name; key = %q can stay its name on the wire", cmp.Or(f.Key, f.ID)))
			}
		}
	}
}
