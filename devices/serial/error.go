package serial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Error is the reason why a port cannot be opened, for people.
type Error struct {
	What string // what is wrong
	Try  string // what to try; may be ""
	Err  error  // the error of the system; may be nil
}

func (e *Error) Error() string { return e.What }

// Hint is what to try; "" for nothing.
func (e *Error) Hint() string { return e.Try }

func (e *Error) Unwrap() error { return e.Err }

// explain makes an [*Error] of an error of the system. root is "/" except in tests.
func explain(root, path string, err error) error {
	e := &Error{Err: err}
	switch {
	case errors.Is(err, errNoRS485):
		e.What = "the driver of " + path + " cannot switch an RS-485 adapter"
		e.Try = `leave rs485 out if the adapter switches by itself, as most USB adapters do; else use rs485 = "rts"`
	case errors.Is(err, errNoRTS):
		e.What = path + " has no RTS line to switch an RS-485 adapter with"
		e.Try = "leave rs485 out: the adapter probably switches by itself"
	case errors.Is(err, fs.ErrNotExist):
		e.What = path + " does not exist"
		e.Try = "plug the board in; " + whatThereIs(root)
	case errors.Is(err, fs.ErrPermission):
		e.What = "no permission to use " + path
		e.Try = permissionHint(path)
	case errors.Is(err, unix.EBUSY), errors.Is(err, errLocked):
		e.What = path + " is in use"
		e.Try = "only one program can use a port: close the other one"
		if by := userNames(root, path); by != "" {
			e.What += " by " + by
		}
	case errors.Is(err, unix.EISDIR):
		e.What = path + " is a directory"
		e.Try = "name the port itself; " + whatThereIs(root)
	case errors.Is(err, errNoTTY):
		e.What = path + " is not a serial port"
		e.Try = whatThereIs(root)
	default:
		e.What = "cannot open " + path + ": " + cause(err)
		e.Try = "check the cable, and the settings of [ports]"
	}
	return e
}

// cause is the text of the innermost error, without the names of system calls.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// whatThereIs lists the ports of this machine.
func whatThereIs(root string) string {
	ports, err := list(root)
	if err != nil || len(ports) == 0 {
		return "no serial port is plugged in"
	}
	var names []string
	for _, p := range ports {
		names = append(names, p.Path)
	}
	return "the ports of this machine are " + strings.Join(names, ", ")
}

// permissionHint names the group that may use the port.
func permissionHint(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "run as a user that may read " + filepath.Dir(path)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode().Perm()&0o060 != 0o060 {
		return "its mode is " + info.Mode().Perm().String() + ": no group may use it; see the udev rules of this machine"
	}
	group := strconv.FormatUint(uint64(owner.Gid), 10)
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return fmt.Sprintf("it belongs to the group %s: sudo usermod -aG %s $USER, then log in again", group, group)
}
