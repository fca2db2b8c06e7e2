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

// runUser is `minirelay user`. Its one subcommand is hash.
func runUser(ctx context.Context, env *env, args []string) error {
	flags := flag.NewFlagSet("user", flag.ContinueOnError)
	stdin := flags.Bool("stdin", false, "read the password from the first line of stdin, even from a terminal")
	rest, err := parseArgs(flags, env, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "hash" {
		return usageError{"minirelay user does one thing: hash", "minirelay user hash"}
	}
	password, err := readPassword(ctx, env, *stdin)
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
	return userError{"the password is easy to guess", "use 8 characters or more that nobody expects: a few words, for example three-green-kettles"}
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
