package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"minirelay/devices/serial"
	"minirelay/locale"
)

// A data directory that every user of the machine may look into is said at once.
func TestInitSaysWhoMayLook(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{filepath.Dir(dir), dir, data} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems lockedBuffer
	args := []string{"init", "-yes", "-port", "/dev/ttyUSB0=arduino-greenhouse", "-data", data, "-c", filepath.Join(dir, "minirelay.toml")}
	if status := Main(args, strings.NewReader(""), &out, &problems); status != exitOK {
		t.Fatal(problems.String())
	}
	if !strings.Contains(out.String(), "every user of this machine may look into "+data+"\n") || !strings.Contains(out.String(), "hint: chmod o-rwx "+data+"\n") {
		t.Error(out.String())
	}
}

// asked gives the answers that a person types to the questions about two ports, and returns the config and the dialogue.
func asked(t *testing.T, lang locale.Language, answers ...string) (config, dialogue string) {
	t.Helper()
	var out lockedBuffer
	a := &initAsk{env: &env{strings.NewReader(""), &out, &out, lang}, lines: bufio.NewReader(strings.NewReader(strings.Join(answers, "\n") + "\n")),
		listed: func() ([]serial.Info, error) {
			return []serial.Info{{Path: "/dev/ttyUSB0", USB: "1a86:7523"}, {Path: "/dev/ttyUSB1", USB: "1a86:7523"}}, nil
		}}
	a.start.Admin, a.start.DataDir, a.start.Listen = "admin", "./data", ":8443"
	if err := a.identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.things(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := a.lines.ReadString('\n'); left != "" {
		t.Errorf("%q has not been asked for", left)
	}
	a.start.Admin = "" // no password has been asked for
	return string(a.start.Text()), out.String()
}

// Several devices share a port; a word searches the profiles, and a wrong answer costs no more than the question again.
func TestInitAsksAgain(t *testing.T) {
	config, dialogue := asked(t, locale.English,
		"My House", "house", "",
		"toaster", "relay", // the list of relays
		"微雪", "", "ten", "", // the only one is offered, and Enter takes it; after a wrong address its usual one
		"xy-md02", "1", "xy-md02", "2", "sdm120", "3", "arduino-greenhouse", "-",
		"-")
	for _, want := range []string{
		`"My House" cannot be a gateway's id; use`, `there is no profile "toaster"; minirelay profiles lists them`,
		"Relays\n", "  r421a08 ", `"ten" is not the address of a Modbus unit; it is`, "leave the port out [waveshare-relay-8ch]: ",
		"the address 1 on /dev/ttyUSB0 is that of waveshare-relay-8ch; give", "/dev/ttyUSB0 has a device already, and the two cannot share it; only",
	} {
		if !strings.Contains(dialogue, want) {
			t.Errorf("no %q in\n%s", want, dialogue)
		}
	}
	path := filepath.Join(t.TempDir(), "minirelay.toml")
	writeFile(t, path, config)
	var out, problems lockedBuffer
	if status := Main([]string{"check", path}, strings.NewReader(""), &out, &problems); status != exitOK {
		t.Fatal(problems.String())
	}
	if got := out.String(); strings.Count(got, "on port1, modbus-rtu") != 3 || strings.Contains(got, "port2") {
		t.Errorf("%s\n%s", got, config)
	}
}

// The questions are in the language of the person.
func TestInitAsksInChinese(t *testing.T) {
	_, dialogue := asked(t, locale.Chinese, "我的家", "home", "", "继电器", "r421a08", "1", "-", "none")
	for _, want := range []string{"不能作为网关的 id；", "继电器\n", "同一个串口", "地址（unit）"} {
		if !strings.Contains(dialogue, want) {
			t.Errorf("no %q in\n%s", want, dialogue)
		}
	}
}

// Ctrl-C ends the questions at once, not after the next answer.
func TestInitInterrupted(t *testing.T) {
	input, never := io.Pipe()
	defer never.Close()
	ctx, cancel := context.WithCancel(t.Context())
	a := &initAsk{env: &env{input, io.Discard, io.Discard, locale.English}, lines: bufio.NewReader(input)}
	cancel()
	if _, err := a.question(ctx, "The gateway's id, a part of every topic", "home"); err == nil || err.Error() != "interrupted" {
		t.Error(err)
	}
}
