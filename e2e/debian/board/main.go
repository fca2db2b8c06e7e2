// Command board simulates a newcomer's Arduino: the example sketch, compiled for this machine, on a pseudo-terminal
// that a Debian in a folder sees as a USB port, with all the entries of the kernel and udev. It is plugged in while
// that Debian runs.
//
//	board SKETCH ROOT
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"minirelay/softboard"
)

// dialout is the group that serial ports belong to, on every Debian.
const dialout = 20

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: board SKETCH ROOT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "board:", err)
		os.Exit(1)
	}
}

// run simulates the board from plugging it in to unplugging it, at SIGTERM.
func run(sketch, root string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := appear(root); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vanish(root)) }()
	line, err := softboard.Open(filepath.Join(root, "dev", "ttyACM0"))
	if err != nil {
		return err
	}
	defer line.Close()
	port, err := os.Readlink(line.Path())
	if err == nil {
		err = errors.Join(os.Chown(port, 0, dialout), os.Chmod(port, 0o660))
	}
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, sketch)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = line, line, os.Stderr, time.Second
	cmd.Cancel = func() error { return errors.Join(line.Close(), cmd.Process.Kill()) }
	if err := cmd.Start(); err != nil {
		return err
	}
	fmt.Println("plugged in")
	if err := cmd.Wait(); ctx.Err() == nil {
		return fmt.Errorf("the sketch ended: %w", err)
	}
	return nil
}

// The files of the kernel and udev for an Arduino Uno, below the root.
const (
	class = "sys/class/tty/ttyACM0"
	usb   = "sys/devices/usb1/1-1"
	byID  = "dev/serial/by-id/usb-Arduino__www.arduino.cc__0043_55739323637351E0B1C2-if00"
)

// appear creates the files.
func appear(root string) error {
	for _, dir := range []string{class, usb + "/1-1:1.0", filepath.Dir(byID)} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"idVendor": "2341", "idProduct": "0043", "serial": "55739323637351E0B1C2",
		"manufacturer": "Arduino (www.arduino.cc)", "product": "Arduino Uno"} {
		if err := os.WriteFile(filepath.Join(root, usb, name), []byte(text+"\n"), 0o644); err != nil {
			return err
		}
	}
	return errors.Join(os.Symlink("../../../devices/usb1/1-1/1-1:1.0", filepath.Join(root, class, "device")),
		os.Symlink("../../ttyACM0", filepath.Join(root, byID)))
}

// vanish removes them.
func vanish(root string) error {
	return errors.Join(os.Remove(filepath.Join(root, byID)), os.RemoveAll(filepath.Join(root, class)), os.RemoveAll(filepath.Join(root, usb)))
}
