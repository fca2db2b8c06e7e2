package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"minirelay/broker"
	"minirelay/configs"
)

// maxPassword is the longest password in bytes. The broker rejects a CONNECT packet that is much longer.
const maxPassword = 1024

// runUser is `minirelay user`.
func runUser(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("user", flag.ContinueOnError)
	stdin := flags.Bool("stdin", false, "read the password from the first line of stdin, even from a terminal")
	p := &people{env: env, user: broker.UserConfig{Role: "operator"}}
	path := configFlag(flags)
	flags.StringVar(&p.user.Role, "role", "operator", "of add: viewer, operator, admin or gateway")
	flags.Var((*commas)(&p.user.Gateways), "gateways", "of add, at a hub: the gateways, as a list with commas; this one if left out")
	flags.Var((*commas)(&p.user.Devices), "devices", "of add: the devices, as a list with commas; all if left out")
	flags.BoolVar(&p.generated, "generate", false, "of add and passwd: make up a password and print it")
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	p.path, p.stdin = configPath(*path), *stdin
	what := strings.Join(rest[:min(1, len(rest))], "")
	if len(rest) == 2 {
		p.user.ID = rest[1]
	}
	switch {
	case what == "hash" && len(rest) == 1:
		return hashPassword(ctx, env, *stdin)
	case what == "list" && len(rest) == 1:
		return p.list()
	case what == "add" && len(rest) == 2:
		return p.add(ctx)
	case what == "passwd" && len(rest) == 2:
		return p.passwd(ctx)
	case what == "remove" && len(rest) == 2:
		return p.remove()
	case (what == "add" || what == "passwd" || what == "remove") && len(rest) == 1:
		return usageError{"minirelay user " + what + " needs the name of the user", "minirelay user " + what + " NAME"}
	}
	return usageError{"minirelay user does one of these: add, passwd, remove, list, hash", "minirelay user list, or minirelay user add NAME"}
}

// hashPassword is `minirelay user hash`.
func hashPassword(ctx context.Context, env *env, stdin bool) error {
	password, err := readPassword(ctx, env, stdin)
	if err != nil {
		return err
	}
	if configs.WeakPassword(password, "") {
		weak := weakPassword()
		env.notef("warning: %s\n", weak.what)
		env.notef("hint: %s\n", weak.try)
	}
	hash, err := broker.HashPassword(password)
	if err != nil {
		return userError{err.Error(), "try again"}
	}
	_, err = fmt.Fprintln(env.stdout, hash)
	return err
}

// readPassword asks for a password twice on a terminal, and otherwise reads a line from stdin.
func readPassword(ctx context.Context, env *env, stdin bool) (string, error) {
	f, ok := env.stdin.(*os.File)
	if stdin || !ok || !term.IsTerminal(int(f.Fd())) {
		return firstLine(env.stdin)
	}
	first, err := ask(ctx, env, f, "Password")
	if err != nil {
		return "", err
	}
	second, err := ask(ctx, env, f, "Repeat the password")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", userError{"the two passwords differ", "try again"}
	}
	return checkPassword(first)
}

// ask reads a line from a terminal without showing it. When ctx ends, it first turns the terminal's echo on again.
func ask(ctx context.Context, env *env, f *os.File, question string) (string, error) {
	fd := int(f.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(env.stderr, env.lang.Text(question)+colon(env.lang))
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd) // cannot be interrupted: the process ends soon
		typed <- line{text, err}
	}()
	select {
	case l := <-typed:
		fmt.Fprintln(env.stderr)
		return string(l.text), l.err
	case <-ctx.Done():
		fmt.Fprintln(env.stderr)
		return "", errors.Join(userError{"interrupted", "nothing has been done; try again"}, term.Restore(fd, state))
	}
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxPassword+2)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return checkPassword(strings.TrimRight(line, "\r\n"))
}

// weakPassword is the error for a password that is easy to guess.
func weakPassword() userError {
	return userError{"the password is easy to guess", "use 8 characters or more that nobody expects, such as a few words of your own choice"}
}

func checkPassword(password string) (string, error) {
	switch {
	case password == "":
		return "", userError{"the password is empty", "type one, or give it in the first line of stdin"}
	case len(password) > maxPassword:
		return "", userError{fmt.Sprintf("the password is longer than %d bytes", maxPassword), "use a shorter one"}
	}
	return password, nil
}
