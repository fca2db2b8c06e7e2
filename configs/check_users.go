package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"minirelay/broker"
	"minirelay/relay"
)

func (k *checker) checkUsers(path string) {
	var ids []string
	for _, d := range k.doc.Devices {
		ids = append(ids, d.ID)
	}
	for _, u := range k.doc.Users {
		k.checkPassword(u)
		k.checkRights(u, ids)
	}
	if len(k.doc.Users) == 0 && k.whole {
		k.warnings = append(k.warnings, Fault{File: path, What: "nobody can log in: there are no users",
			Try: "add [users.phone] with a password_hash made by minirelay user hash"})
	}
}

func (k *checker) checkPassword(u broker.UserConfig) {
	table := k.root.get("users", u.ID)
	hash, plain := table.child("password_hash"), table.child("password")
	if !k.sound("users", u.ID, "password") || !k.sound("users", u.ID, "password_hash") || table.broken {
		return
	}
	switch {
	case hash == nil && plain == nil:
		k.fault(table.at, fmt.Sprintf("the user %q has no password", u.ID), "add a password_hash made by minirelay user hash")
	case hash != nil && plain != nil:
		k.fault(plain.key, fmt.Sprintf("the user %q has both a password and a password_hash", u.ID), "leave the password out")
	case k.unread("users", u.ID, "password") || k.unread("users", u.ID, "password_hash"):
	case hash != nil:
		if err := broker.CheckHash(u.PasswordHash.Value()); err != nil {
			k.fault(hash.at, "password_hash: "+err.Error(), cmp.Or(hintOf(err), "make one with minirelay user hash"))
			return
		}
		if slices.Contains(sampleHashes(), u.PasswordHash.Value()) {
			k.exposed(hash.at, fmt.Sprintf("the password_hash of %q is the example of the documentation, and not of a password of yours", u.ID),
				"make your own with minirelay user hash")
		}
		k.adviseHash(u, hash.at)
	case u.Password.Value() == "":
		k.fault(plain.at, "the password is empty", "use a password_hash made by minirelay user hash")
	case WeakPassword(u.Password.Value(), u.ID):
		k.exposed(plain.at, fmt.Sprintf("the password of %q is easy to guess", u.ID),
			fmt.Sprintf("use %d characters or more that nobody expects, as a password_hash made by minirelay user hash", minPassword))
	case u.Password.Plain():
		k.exposed(plain.at, fmt.Sprintf("the password of %q can be read by everybody with access to this file", u.ID),
			`use a password_hash made by minirelay user hash, or { file = "path" }`)
	}
}

// adviseHash warns about a hash whose cost is far from that of our own ones.
func (k *checker) adviseHash(u broker.UserConfig, at place) {
	switch memory, work := broker.HashCost(u.PasswordHash.Value()); {
	case work > 2:
		k.warning(at, fmt.Sprintf("each login of %q takes %d MiB and %.0f times the work of others, also with a wrong password", u.ID, memory>>10, work),
			"make the hash with minirelay user hash")
	case work < 0.5:
		k.warning(at, fmt.Sprintf("the password of %q is easy to find out from its hash, which costs too little work", u.ID),
			"make the hash with minirelay user hash")
	}
}

func (k *checker) checkRights(u broker.UserConfig, devices []string) {
	k.checkGateways(u)
	if n := k.root.get("users", u.ID, "devices"); n != nil && k.has("users", u.ID, "devices") {
		if len(n.children) == 0 {
			k.fault(n.at, "an empty list of devices would mean all of them", "leave it out for all devices, or name some")
		}
		for _, child := range n.children {
			if name, ok := child.value.(string); ok {
				k.checkUsersDevice(u, child.at, name, devices)
			}
		}
	}
	for _, key := range []string{"read", "write"} {
		if !k.has("users", u.ID, key) {
			continue
		}
		for _, child := range k.root.get("users", u.ID, key).children {
			if filter, ok := child.value.(string); ok {
				if what, try := filterFault(filter, k.doc.Gateway.Root); what != "" {
					k.fault(child.at, what, try)
				}
			}
		}
	}
}

// checkGateways checks the gateways that a user may use, or connects for.
func (k *checker) checkGateways(u broker.UserConfig) {
	n := k.root.get("users", u.ID, "gateways")
	speaks := u.Role == "gateway"
	switch {
	case !k.sound("users", u.ID, "gateways") || !k.sound("users", u.ID, "role"):
		return
	case n == nil && speaks:
		k.fault(k.at("users", u.ID, "role"), fmt.Sprintf("the user %q has the role gateway, but no gateways", u.ID),
			`name its id, for example gateways = ["home"]`)
	case n != nil && len(n.children) == 0:
		k.fault(n.at, "an empty list of gateways has no effect", "leave it out for this gateway, or name some")
	case speaks && k.has("users", u.ID, "devices"):
		k.fault(k.at("users", u.ID, "devices"), "a user with the role gateway acts for all devices of its gateways", "leave devices out")
	}
	if n == nil {
		return
	}
	for _, child := range n.children {
		id, ok := child.value.(string)
		switch {
		case !ok:
		case !relay.ValidID(id):
			k.fault(child.at, fmt.Sprintf("%q is not the id of a gateway", id), "an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit")
		case speaks && id == k.doc.Gateway.ID:
			k.fault(child.at, fmt.Sprintf("only this gateway can use the id %q", id), "give the other gateway, or this one, another id")
		case !speaks && k.whole && id != k.doc.Gateway.ID && !k.spoken(id):
			k.warning(child.at, fmt.Sprintf("no gateway can log in here as %q", id),
				fmt.Sprintf("add a user with role = \"gateway\" and gateways = [%q], or correct the id", id))
		}
	}
}

// spoken reports whether the user of some gateway connects under id.
func (k *checker) spoken(id string) bool {
	return slices.ContainsFunc(k.doc.Users, func(u broker.UserConfig) bool {
		return u.Role == "gateway" && slices.Contains(u.Gateways, id)
	})
}

// checkUsersDevice checks a name in a user's devices: "greenhouse", or "home/greenhouse" for one gateway. Only the
// devices of this gateway are known.
func (k *checker) checkUsersDevice(u broker.UserConfig, at place, name string, devices []string) {
	gateways := u.Gateways
	if len(gateways) == 0 {
		gateways = []string{k.doc.Gateway.ID}
	}
	gateway, device, of := strings.Cut(name, "/")
	switch {
	case of && !slices.Contains(gateways, gateway):
		k.fault(at, fmt.Sprintf("the user may not use the gateway %q", gateway), `name it in gateways, or write the device's id alone`)
	case of && gateway != k.doc.Gateway.ID, !of && !slices.Equal(gateways, []string{k.doc.Gateway.ID}), !k.whole:
	case !of && !slices.Contains(devices, name):
		k.reference(at, fmt.Sprintf("there is no device %q", name), name, devices)
	case of && !slices.Contains(devices, device):
		k.reference(at, fmt.Sprintf("there is no device %q", device), device, devices)
	}
}
