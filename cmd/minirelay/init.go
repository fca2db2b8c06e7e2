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
	"path/filepath"
	"strings"
	"syscall"
	"time"

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

	env   *env
	lines *bufio.Reader // of a person; nil: there is no one to ask
}

// portFlags are -port PATH=PROFILE, any number of them.
type portFlags []string

func (p *portFlags) String() string { return strings.Join(*p, " ") }

// Set adds one.
func (p *portFlags) Set(s string) error {
	*p = append(*p, s)
	return nil
}

// runInit is `minirelay init`: a first config, made from the connected devices and a few questions.
func runInit(ctx context.Context, env *env, args []string) error {
	a := &initAsk{env: env}
	flags := flag.NewFlagSet("init", flag.ContinueOnError)
	flags.StringVar(&a.path, "c", "", "the file to write; if left out: "+systemConfig+" if it is there, else ./minirelay.toml")
	flags.StringVar(&a.start.Gateway, "id", "", "the gateway's id, a part of every topic; home if left out")
	flags.StringVar(&a.start.Name, "name", "", "the name of the gateway for people")
	flags.StringVar(&a.start.Admin, "admin", "admin", "the first user")
	flags.BoolVar(&a.stdin, "password-stdin", false, "read the first user's password from the first line of stdin; without a terminal\n\tand without this flag, one is generated and printed")
	flags.StringVar(&a.data, "data", "", "the data directory; /var/lib/minirelay for "+systemConfig+", else ./data")
	flags.StringVar(&a.start.Listen, "listen", ":8443", "the address of the page and wss")
	flags.StringVar(&a.start.WS, "ws", "", "the address of plain WebSocket for a trusted LAN; none if left out")
	flags.Var(&a.ports, "port", "PATH=PROFILE: the device on a port, instead of a question; may be repeated")
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
	if a.start.Gateway == "" {
		a.start.Gateway = a.question("The gateway's id, a part of every topic", "home")
	}
	if !relay.ValidID(a.start.Gateway) {
		return usageError{fmt.Sprintf("%q cannot be a gateway's id", a.start.Gateway), "use 1 to 32 characters out of a-z, 0-9, _ and -, for example home"}
	}
	if !relay.ValidID(a.start.Admin) {
		return usageError{fmt.Sprintf("%q cannot be a user's name", a.start.Admin), "use 1 to 32 characters out of a-z, 0-9, _ and -, for example admin"}
	}
	if a.start.Name == "" {
		a.start.Name = a.question("Name for people, for example Greenhouse; Enter for none", "")
	}
	if err := a.things(); err != nil {
		return err
	}
	password, madeUp, err := a.password(ctx)
	if err != nil {
		return err
	}
	if a.start.Hash, err = broker.HashPassword(password); err != nil {
		return userError{err.Error(), "try again"}
	}
	kept, err := writeConfig(a.path, a.start.Text())
	if err != nil {
		return err
	}
	a.farewell(kept, password, madeUp)
	return nil
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

// question asks the user, who can press Enter for the usual answer.
func (a *initAsk) question(text, usual string) string {
	if a.lines == nil {
		return usual
	}
	text = a.env.lang.Text(text)
	if usual != "" {
		text += " [" + usual + "]"
	}
	fmt.Fprint(a.env.stdout, text+colon(a.env.lang))
	line, err := a.lines.ReadString('\n')
	if line = strings.TrimSpace(line); err != nil || line == "" {
		return usual
	}
	return line
}

// things finds out which device is connected to which port.
func (a *initAsk) things() error {
	for _, p := range a.ports {
		path, profile, _ := strings.Cut(p, "=")
		if err := a.thing(path, profile); err != nil {
			return err
		}
	}
	if len(a.ports) > 0 {
		return nil
	}
	found, err := serial.List()
	if err != nil {
		a.env.printf("The serial ports cannot be listed (%v); add them to the file.\n", err)
		return nil
	}
	for _, p := range found {
		if p.USB == "" && a.lines == nil {
			continue // a UART of the board: nothing shows whether a device is connected to it
		}
		a.env.printf("\n%s\n", strings.TrimSpace(p.Path+"  "+p.Maker+" "+p.Product))
		if err := a.askThing(p.Path); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		a.env.printf("No serial port is plugged in; add it to the file later: minirelay ports shows the path.\n")
	}
	return nil
}

// askThing asks which device is connected to a port until the answer is valid.
func (a *initAsk) askThing(path string) error {
	for {
		answer := a.question("Which device is on it? A name from `minirelay profiles`, none for another device, - to leave the port out", "none")
		switch answer {
		case "-":
			return nil
		case "none":
			return a.thing(path, "")
		}
		err := a.thing(path, answer)
		if err == nil || a.lines == nil {
			return err
		}
		what, try, _ := describe(err)
		fmt.Fprintf(a.env.stdout, "  %s\n", a.env.lang.Text(what+"; "+try))
	}
}

// thing adds a port with its device.
func (a *initAsk) thing(path, profile string) error {
	number := len(a.start.Things) + 1
	t := configs.StartThing{Port: fmt.Sprintf("port%d", number), Device: fmt.Sprintf("device%d", number), Path: path,
		Profile: profile, Baud: serial.Default().Baud, Parity: "none", StopBits: 1}
	if !filepath.IsAbs(path) && (serial.Config{Path: path}).ServerAddress() == "" {
		return usageError{fmt.Sprintf("%q is not the path of a port", path), "write it in full, for example -port /dev/ttyUSB0=pzem-004t-v3; minirelay ports lists them"}
	}
	if profile != "" {
		p, err := configs.FindProfile(profile)
		if err != nil {
			return usageError{err.Error(), configs.NearestProfile(profile)}
		}
		t.Device = strings.Trim(profile[:min(len(profile), 28)], "-")
		for _, other := range a.start.Things {
			if other.Device == t.Device {
				t.Device = fmt.Sprintf("%s-%d", t.Device, number)
			}
		}
		if p.Baud > 0 {
			t.Baud, t.Parity, t.StopBits = p.Baud, p.Parity, p.StopBits
		}
	}
	a.start.Things = append(a.start.Things, t)
	return nil
}

// password returns the first user's password. madeUp reports that it was generated.
func (a *initAsk) password(ctx context.Context) (password string, madeUp bool, err error) {
	if a.stdin || a.lines != nil {
		if a.lines != nil {
			a.env.printf("\nThe password of the first user, %s:\n", a.start.Admin)
		}
		for {
			password, err = readPassword(ctx, a.env, a.stdin)
			if err != nil || !configs.WeakPassword(password, a.start.Admin) {
				return password, false, err
			}
			weak := weakPassword()
			if a.lines == nil {
				return "", false, weak
			}
			a.env.printf("  %s; %s\n", weak.what, weak.try)
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
			if w.Exposed {
				printWarning(a.env, w)
			}
		}
	}
}

// writeConfig writes a config completely or not at all. It keeps a copy of the previous config, unless that one was
// still as installed. Owner and mode do not change.
func writeConfig(path string, text []byte) (kept string, err error) {
	fail := func(err error) (string, error) {
		return "", userError{"cannot write " + path + ": " + err.Error(), "run it with sudo, or write another file: minirelay init -c FILE"}
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // keep the link
	}
	mode := fs.FileMode(0o640) // it holds the hash of a password
	info, statErr := os.Stat(path)
	old, _ := os.ReadFile(path)
	temp, err := os.CreateTemp(filepath.Dir(path), ".minirelay-*.toml~")
	if err != nil {
		return fail(err)
	}
	defer os.Remove(temp.Name())
	if statErr == nil {
		mode = info.Mode().Perm()
		sameOwner(temp.Name(), info)
	}
	if _, err = temp.Write(text); err == nil {
		err = errors.Join(temp.Chmod(mode), temp.Sync())
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return fail(err)
	}
	if _, err := configs.Load(temp.Name()); err != nil {
		return fail(fmt.Errorf("the answers do not make a valid config: %w", err))
	}
	if statErr == nil && !configs.Untouched(old) {
		kept = fmt.Sprintf("%s.%s", path, time.Now().Format("20060102-150405"))
		// A hard link keeps the old config in place until the new one replaces it. Some file systems have no hard links.
		if err := os.Link(path, kept); errors.Is(err, fs.ErrExist) || err != nil && os.Rename(path, kept) != nil {
			return fail(err)
		}
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return fail(err)
	}
	return kept, nil
}

// sameOwner gives the file at path the owner in info. If that is not permitted, the file belongs to the current user,
// which is not an error.
func sameOwner(path string, info fs.FileInfo) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(path, int(s.Uid), int(s.Gid))
	}
}
