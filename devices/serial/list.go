package serial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Info is a serial port of this machine.
type Info struct {
	Path           string // the path to write into a config: the most stable one
	Device         string // /dev/ttyUSB0: may change with the order in which things are plugged in
	ByID           string // /dev/serial/by-id/…, named after the adapter; "" if it has none
	ByPath         string // /dev/serial/by-path/…, named after the socket; "" if it has none
	USB            string // vendor and product id, for example 2341:0043; "" if it is not on USB
	Serial         string // USB serial number; cheap adapters have none
	Maker, Product string // as the adapter reports them
}

// List lists the serial ports of this machine. It opens none, because opening resets many boards. The error is that of
// reading /sys/class/tty.
func List() ([]Info, error) { return list("/") }

// list reads the files of the kernel and of udev below root. Every port that has hardware has a device link in
// /sys/class/tty, whatever its driver calls it (ttyUSB, ttyACM, ttyAMA, ttySC, ttyCH341USB …).
func list(root string) ([]Info, error) {
	class := filepath.Join(root, "sys/class/tty")
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil, fmt.Errorf("cannot list the ports: %w", err)
	}
	ids := linksTo(filepath.Join(root, "dev/serial/by-id"))
	paths := linksTo(filepath.Join(root, "dev/serial/by-path"))
	var ports []Info
	for _, entry := range entries {
		name := entry.Name()
		sys := filepath.Join(class, name)
		if _, err := os.Stat(filepath.Join(sys, "device")); err != nil {
			continue
		}
		// Type 0 is PORT_UNKNOWN of linux/serial_core.h: a place kept for a chip that is not there.
		if word(sys, "type") == "0" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(root, "dev", name)); err != nil {
			continue
		}
		p := Info{Device: "/dev/" + name, ByID: ids[name], ByPath: paths[name]}
		p.readUSB(filepath.Join(sys, "device"))
		p.Path = p.Device
		switch {
		// Two adapters without serial numbers have the same by-id name, and only one of them gets it.
		case p.ByID != "" && p.Serial != "":
			p.Path = p.ByID
		case p.ByPath != "":
			p.Path = p.ByPath
		case p.ByID != "":
			p.Path = p.ByID
		}
		ports = append(ports, p)
	}
	return ports, nil
}

// readUSB finds the USB device of a tty: the first directory upwards with an idVendor.
func (p *Info) readUSB(device string) {
	dir, err := filepath.EvalSymlinks(device)
	if err != nil {
		return
	}
	for ; filepath.Base(dir) != "devices" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if vendor := word(dir, "idVendor"); vendor != "" {
			p.USB = vendor + ":" + word(dir, "idProduct")
			p.Serial, p.Maker, p.Product = word(dir, "serial"), word(dir, "manufacturer"), word(dir, "product")
			return
		}
	}
}

// word reads a one-line file of sysfs; "" if there is none.
func word(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// linksTo maps the names of ttys to the links in dir that lead to them.
func linksTo(dir string) map[string]string {
	links := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return links // udev makes the directory with the first adapter
	}
	for _, entry := range entries {
		if to, err := os.Readlink(filepath.Join(dir, entry.Name())); err == nil {
			links[filepath.Base(to)] = "/dev/serial/" + filepath.Base(dir) + "/" + entry.Name()
		}
	}
	return links
}

// find is the path of the port that c means. The error is an [*Error].
func find(root string, c Config) (string, error) {
	if c.USB == "" {
		return c.Path, nil
	}
	ports, err := list(root)
	if err != nil {
		return "", &Error{What: err.Error(), Try: "give the port's path instead of its USB id", Err: err}
	}
	fits := slices.DeleteFunc(slices.Clone(ports), func(p Info) bool {
		return !strings.EqualFold(p.USB, c.USB) || c.Serial != "" && p.Serial != c.Serial
	})
	switch len(fits) {
	case 0:
		var names []string
		for _, p := range ports {
			if p.USB != "" {
				names = append(names, strings.TrimSpace(p.USB+" "+p.Serial))
			}
		}
		try := "plug it in; no USB adapter is connected now"
		if len(names) > 0 {
			try = "plug it in; the ports of this machine are " + strings.Join(names, ", ")
		}
		return "", &Error{What: "no adapter " + c.usbName() + " is plugged in", Try: try, Err: fs.ErrNotExist}
	case 1:
		return fits[0].Device, nil
	}
	var names []string
	for _, p := range fits {
		names = append(names, p.Path)
	}
	return "", &Error{What: fmt.Sprintf("%d adapters match %s", len(fits), c.usbName()),
		Try: "give its serial, or one of these as path: " + strings.Join(names, ", "), Err: errAmbiguous}
}

var errAmbiguous = errors.New("more than one port matches")

func (c Config) usbName() string {
	if c.Serial != "" {
		return c.USB + " with serial number " + c.Serial
	}
	return c.USB
}

// Place is the port as the config names it: its path, or its USB id.
func (c Config) Place() string {
	if c.USB != "" {
		return "usb " + c.usbName()
	}
	return c.Path
}

// Identity is a text that changes whenever another device file takes the place of c, as after each plugging in, or when its
// permissions change; "" while there is none. It opens nothing.
func Identity(c Config) string {
	path, err := find("/", c)
	if err != nil {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return path
	}
	return fmt.Sprint(path, s.Dev, s.Ino, s.Rdev, info.Mode(), s.Uid, s.Gid, s.Ctim)
}
