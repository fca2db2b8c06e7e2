package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/gateway"
	"minirelay/locale"
	"minirelay/relay"
	"minirelay/web"
)

// people are the users of a config, for `minirelay user add | passwd | remove | list`.
type people struct {
	env       *env
	path      string // of the config
	user      broker.UserConfig
	stdin     bool // the password comes from there
	generated bool // the password is made up
}

// commas is a flag that holds a list.
type commas []string

func (c *commas) String() string { return strings.Join(*c, ",") }

// Set adds the items of a list.
func (c *commas) Set(s string) error {
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			*c = append(*c, item)
		}
	}
	return nil
}

func (p *people) add(ctx context.Context) error {
	if !relay.ValidID(p.user.ID) {
		return usageError{fmt.Sprintf("%q cannot be a user's name", p.user.ID), "use 1 to 32 characters out of a-z, 0-9, _ and -, for example admin"}
	}
	before, err := p.load()
	if err != nil {
		return err
	}
	// Before a password is asked for.
	if slices.ContainsFunc(before.Broker.Users, func(u broker.UserConfig) bool { return u.ID == p.user.ID }) {
		return p.explain(configs.ErrUserExists)
	}
	password, hash, err := p.password(ctx)
	if err != nil {
		return err
	}
	config, err := p.change(func(t *configs.Text) (*configs.Edit, error) { return t.AddUser(p.user, hash) })
	if err != nil {
		return err
	}
	p.env.printf("The user %s (%s) is added; a running gateway knows it within a second.\n", p.user.ID, p.user.Role)
	p.tell(config, password)
	return nil
}

func (p *people) passwd(ctx context.Context) error {
	// Before a password is asked for.
	if _, err := configs.Read(p.path).SetPassword(p.user.ID, ""); err != nil {
		return p.explain(err)
	}
	password, hash, err := p.password(ctx)
	if err != nil {
		return err
	}
	config, err := p.change(func(t *configs.Text) (*configs.Edit, error) { return t.SetPassword(p.user.ID, hash) })
	if err != nil {
		return err
	}
	p.env.printf("The user %s has a new password; a running gateway disconnects clients that use the old one.\n", p.user.ID)
	p.tell(config, password)
	return nil
}

func (p *people) remove() error {
	if _, err := p.change(func(t *configs.Text) (*configs.Edit, error) { return t.RemoveUser(p.user.ID) }); err != nil {
		return err
	}
	p.env.printf("The user %s is removed; a running gateway disconnects it within a second.\n", p.user.ID)
	return nil
}

func (p *people) list() error {
	config, err := p.load()
	if err != nil {
		return err
	}
	var t locale.Table
	t.Head(p.env.lang.Text("USER\tROLE\tGATEWAYS\tDEVICES"))
	for _, u := range config.Broker.Users {
		gateways, devices := strings.Join(u.Gateways, ", "), strings.Join(u.Devices, ", ")
		t.Row(u.ID, u.Role, cmp.Or(gateways, config.Gateway.ID), cmp.Or(devices, p.env.lang.Text("all")))
	}
	return t.Write(p.env.stdout, 2)
}

func (p *people) load() (*configs.Config, error) {
	return loadConfig(p.env, p.path, configs.LoadElsewhere)
}

// password asks for a password, or makes one up, and hashes it.
func (p *people) password(ctx context.Context) (password, hash string, err error) {
	if p.generated {
		password = strings.ToLower(rand.Text()[:12])
	} else if password, err = readPassword(ctx, p.env, p.stdin); err != nil {
		return "", "", err
	}
	if configs.WeakPassword(password, p.user.ID) {
		weak := weakPassword()
		p.env.notef("warning: %s\n", weak.what)
		p.env.notef("hint: %s\n", weak.try)
	}
	if hash, err = broker.HashPassword(password); err != nil {
		return "", "", userError{err.Error(), "try again"}
	}
	return password, hash, nil
}

// change writes one change, if the config is valid with it.
func (p *people) change(edit func(*configs.Text) (*configs.Edit, error)) (*configs.Config, error) {
	e, err := edit(configs.Read(p.path))
	if err != nil {
		return nil, p.explain(err)
	}
	config, err := loadConfig(p.env, p.path, func(string) (*configs.Config, error) { return e.Load() })
	if err != nil {
		return nil, err
	}
	if err := replaceConfig(e.File, e.Text); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, userError{"no permission to write " + e.File, "run it with sudo"}
		}
		return nil, userError{"cannot write " + e.File + ": " + err.Error(), "nothing has been changed; try again"}
	}
	return config, nil
}

// explain adds to the error of an edit what to try.
func (p *people) explain(err error) error {
	switch {
	case errors.Is(err, configs.ErrUserExists):
		return userError{err.Error(), "choose another name, or give this one a new password: minirelay user passwd " + p.user.ID}
	case errors.Is(err, configs.ErrNoUser):
		return userError{err.Error(), "minirelay user list shows them"}
	case errors.Is(err, configs.ErrByHand):
		return userError{err.Error(), "edit " + p.path + " yourself; minirelay user hash makes the hash of a password"}
	}
	return err
}

// tell prints what the person needs: the password if it was made up, and the code to scan.
func (p *people) tell(config *configs.Config, password string) {
	if p.generated {
		p.env.printf("The password is %s\nIt is shown only now: write it down.\n", password)
	}
	i := slices.IndexFunc(config.Broker.Users, func(u broker.UserConfig) bool { return u.ID == p.user.ID })
	if i < 0 || config.Broker.Users[i].Role == "gateway" {
		return
	}
	addrs := broker.Addrs{TLS: config.Broker.Listen, MQTT: config.Broker.MQTT, WS: config.Broker.WS}
	text := gateway.PersonAddress(config, addrs, config.Broker.Users[i])
	p.env.printf("\nThis code is for the mini-program, under Gateways. It contains no password:\n")
	if code, err := web.QR(text); err == nil && isTerminal(p.env.stdout) {
		fmt.Fprintln(behind(p.env.stdout), code)
	}
	fmt.Fprintf(p.env.stdout, "  %s\n", text)
}

// replaceConfig replaces a file of a config, whole or not at all. Owner, mode and links stay.
func replaceConfig(path string, text []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".minirelay-*.toml~")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	sameOwner(temp.Name(), info)
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
