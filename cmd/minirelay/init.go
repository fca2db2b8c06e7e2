package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"minirelay/broker"
	"minirelay/configs"
	"minirelay/devices/serial"
	"minirelay/gateway"
	"minirelay/relay"
)

// initAsk holds the flags of `minirelay init` and its findings.
type initAsk struct {
	path, data              string
	start                   configs.Start
	ports                   portFlags
	stdin, unasked, replace bool

	env    *env
	lines  *bufio.Reader // of a person; nil: there is no one to ask
	listed func() ([]serial.Info, error)
}

// runInit is `minirelay init`: a first config, made from the connected devices and a few questions.
func runInit(ctx context.Context, env *env, args []string) error {
	a := &initAsk{env: env, listed: serial.List}
	flags := flag.NewFlagSet("init", flag.ContinueOnError)
	flags.StringVar(&a.path, "c", "", "the file to write; if left out: "+systemConfig+" if it is there, else ./minirelay.toml")
	flags.StringVar(&a.start.Gateway, "id", "", "the gateway's id, a part of every topic; home if left out")
	flags.StringVar(&a.start.Name, "name", "", "the name of the gateway for people")
	flags.StringVar(&a.start.Admin, "admin", "admin", "the first user")
	flags.BoolVar(&a.stdin, "password-stdin", false, "read the first user's password from the first line of stdin; without a terminal\n\tand without this flag, one is generated and printed")
	flags.StringVar(&a.data, "data", "", "the data directory; /var/lib/minirelay for "+systemConfig+", else ./data")
	flags.StringVar(&a.start.Listen, "listen", ":8443", "the address of the page and wss")
	flags.StringVar(&a.start.WS, "ws", "", "the address of plain WebSocket for a trusted LAN; none if left out")
	flags.Var(&a.ports, "port", "PATH=PROFILE or PATH=PROFILE@UNIT: a device and its port, instead of a question; may be repeated,\n\talso for several devices on one port")
	flags.BoolVar(&a.unasked, "yes", false, "ask nothing")
	flags.BoolVar(&a.replace, "replace", false, "replace the config, and keep a copy of the old one")
	if err := parseFlags(flags, env, args); err != nil {
		return err
	}
	return a.run(ctx)
}

func (a *initAsk) run(ctx context.Context) error {
	if f, ok := a.env.stdin.(*os.File); ok && !a.unasked && !a.stdin && term.IsTerminal(int(f.Fd())) {
		a.lines = bufio.NewReader(f)
	}
	if err := a.place(); err != nil {
		return err
	}
	if err := a.identity(ctx); err != nil {
		return err
	}
	if err := a.things(ctx); err != nil {
		return err
	}
	password, madeUp, err := a.password(ctx)
	if err != nil {
		return err
	}
	if a.start.Hash, err = broker.HashPassword(password); err != nil {
		return userError{err.Error(), "try again"}
	}
	if _, err := a.start.Check(); err != nil {
		return explainFaults(a.env, err)
	}
	kept, err := writeConfig(a.path, a.start.Text())
	if err != nil {
		return err
	}
	a.farewell(kept, password, madeUp)
	return nil
}

// identity finds out the names of the gateway and of its first user, and checks them and the other flags.
func (a *initAsk) identity(ctx context.Context) error {
	if !relay.ValidID(a.start.Admin) {
		return usageError{fmt.Sprintf("%q cannot be a user's name", a.start.Admin), "use 1 to 32 characters out of a-z, 0-9, _ and -, for example admin"}
	}
	for {
		if a.start.Gateway == "" {
			var err error
			if a.start.Gateway, err = a.question(ctx, "The gateway's id, a part of every topic", "home"); err != nil {
				return err
			}
		}
		if relay.ValidID(a.start.Gateway) {
			break
		}
		err := usageError{fmt.Sprintf("%q cannot be a gateway's id", a.start.Gateway), "use 1 to 32 characters out of a-z, 0-9, _ and -, for example home"}
		if !a.again(err) {
			return err
		}
		a.start.Gateway = ""
	}
	name := a.start.Name
	a.start.Name = ""
	if err := a.check(); err != nil { // of a flag: no answer can mend it
		return err
	}
	for a.start.Name = name; ; {
		if a.start.Name == "" {
			var err error
			if a.start.Name, err = a.question(ctx, "Name for people, for example Greenhouse; Enter for none", ""); err != nil {
				return err
			}
		}
		err := a.check()
		if err == nil || !a.again(err) {
			return err
		}
		a.start.Name = ""
	}
}

// check returns the first fault of the answers so far.
func (a *initAsk) check() error {
	_, err := a.start.Check()
	var faults *configs.Faults
	if errors.As(err, &faults) {
		return usageError{faults.List[0].What, faults.List[0].Try}
	}
	return err
}

// again shows what is wrong with an answer, and reports whether there is a person who can give another one.
func (a *initAsk) again(err error) bool {
	if a.lines == nil {
		return false
	}
	what, try, _ := describe(err)
	fmt.Fprintf(a.env.stdout, "  %s\n", a.env.lang.Text(what+"; "+try))
	return true
}

// place chooses the path of the config, and checks that it does not replace a user's own.
func (a *initAsk) place() error {
	if a.path == "" {
		a.path = "minirelay.toml"
		if exists(systemConfig) {
			a.path = systemConfig
		}
	}
	a.start.DataDir = a.data
	if a.data == "" {
		a.start.DataDir = "./data"
		if a.path == systemConfig {
			a.start.DataDir = configs.DefaultGateway().DataDir
		}
	}
	text, err := os.ReadFile(a.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && (a.replace || configs.Untouched(text)):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return userError{"no permission to read " + a.path, "run it with sudo, or write another file: minirelay init -c FILE"}
	case err != nil:
		return userError{err.Error(), "name a file: minirelay init -c FILE"}
	}
	return userError{a.path + " already exists; nothing has been changed",
		"edit it, it takes effect when it is saved; -replace writes a new one and keeps a copy, -c FILE writes another"}
}

// question asks the user, who can press Enter for the usual answer. The error is that ctx has ended.
func (a *initAsk) question(ctx context.Context, text, usual string) (string, error) {
	if a.lines == nil {
		return usual, nil
	}
	text = a.env.lang.Text(text)
	if usual != "" {
		text += " [" + usual + "]"
	}
	fmt.Fprint(a.env.stdout, text+colon(a.env.lang))
	typed := make(chan string, 1)
	go func() {
		line, err := a.lines.ReadString('\n') // cannot be interrupted: the process ends soon
		if line = strings.TrimSpace(line); err != nil || line == "" {
			line = usual
		}
		typed <- line
	}()
	select {
	case line := <-typed:
		return line, nil
	case <-ctx.Done():
		fmt.Fprintln(a.env.stdout)
		return "", userError{"interrupted", "nothing has been done; try again"}
	}
}

// password returns the first user's password. madeUp reports that it was generated.
func (a *initAsk) password(ctx context.Context) (password string, madeUp bool, err error) {
	if a.stdin || a.lines != nil {
		if a.lines != nil {
			a.env.printf("\nThe password of the first user, %s:\n", a.start.Admin)
		}
		for {
			password, err = readPassword(ctx, a.env, a.stdin)
			if err == nil && configs.WeakPassword(password, a.start.Admin) {
				err = weakPassword()
			}
			var wrong userError
			if err == nil || ctx.Err() != nil || !errors.As(err, &wrong) || !a.again(err) {
				return password, false, err
			}
		}
	}
	return strings.ToLower(rand.Text()[:12]), true, nil
}

func (a *initAsk) farewell(kept, password string, madeUp bool) {
	a.env.printf("\n%s is written.\n", a.path)
	if kept != "" {
		a.env.printf("The old file is kept as %s.\n", kept)
	}
	if madeUp {
		a.env.printf("The first user is %s, the password %s\nIt is shown only now: write it down.\n", a.start.Admin, password)
	} else {
		a.env.printf("The first user is %s\n", a.start.Admin)
	}
	a.env.printf("\nNext:\n")
	if a.path == systemConfig { // the service notices it by itself
		a.env.printf("  sudo minirelay status\n")
	} else {
		a.env.printf("  minirelay check -c %s\n  minirelay run -c %s\n", a.path, a.path)
	}
	config, err := configs.Load(a.path)
	if err == nil {
		a.env.printf("  %s in a browser\n", gateway.PageAddress(config, broker.Addrs{TLS: config.Broker.Listen}))
	}
	for _, t := range a.start.Things {
		if t.Profile == "" {
			a.env.printf("  minirelay scan %s finds out how to read the device there: describe it in the file\n", t.Path)
		}
	}
	if err == nil {
		for _, w := range config.Warnings {
			printWarning(a.env, w)
		}
	}
}
