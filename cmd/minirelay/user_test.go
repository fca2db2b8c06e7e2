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

// echoes says whether a terminal shows what is typed.
func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// untilQuiet waits until the terminal does not echo: somebody waits for a password then.
func untilQuiet(t *testing.T, tty *os.File) {
	t.Helper()
	for end := time.Now().Add(patience); echoes(t, tty); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody asks for a password")
		}
	}
}

// terminal gives both ends of a terminal.
func terminal(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); tty.Close() })
	return person, tty
}

// A password that is typed is not shown.
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
		t.Error("the terminal stays without echo")
	}
	if strings.Contains(stderr.String(), "horse") {
		t.Error(stderr.String())
	}
}

// Whoever interrupts the question gets his terminal back as it was.
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
		t.Errorf("it ends with %v", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal stays without echo")
	}
	if _, err := person.WriteString("\n"); err != nil { // the reader goes home
		t.Error(err)
	}
}
