package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"minirelay/broker"
	"minirelay/locale"
)

// echoes reports whether a terminal shows typed characters.
func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// untilQuiet waits until the terminal does not echo, when the program is waiting for a password.
func untilQuiet(t *testing.T, tty *os.File) {
	t.Helper()
	for end := time.Now().Add(patience); echoes(t, tty); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no prompt for a password")
		}
	}
}

// terminal returns both ends of a terminal.
func terminal(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); tty.Close() })
	return person, tty
}

// A password is not shown while it is typed.
func TestPasswordIsNotShown(t *testing.T) {
	person, tty := terminal(t)
	var stdout, stderr bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- runUser(t.Context(), &env{tty, &stdout, &stderr, locale.English}, []string{"hash"}) }()
	untilQuiet(t, tty)
	if _, err := person.WriteString("correct horse\ncorrect horse\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := broker.CheckHash(strings.TrimSpace(stdout.String())); err != nil {
		t.Error(err)
	}
	if !echoes(t, tty) {
		t.Error("the echo of the terminal stays off")
	}
	if strings.Contains(stderr.String(), "horse") {
		t.Error(stderr.String())
	}
}

// After an interrupted question the terminal is in its original state.
func TestInterruptedPassword(t *testing.T) {
	person, tty := terminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- runUser(ctx, &env{tty, &out, &out, locale.English}, []string{"hash"}) }()
	untilQuiet(t, tty)
	interrupt()
	var interrupted userError
	if err := <-done; !errors.As(err, &interrupted) {
		t.Errorf("the error is %v", err)
	}
	if !echoes(t, tty) {
		t.Error("the echo of the terminal stays off")
	}
	if _, err := person.WriteString("\n"); err != nil { // ends the reader
		t.Error(err)
	}
}
