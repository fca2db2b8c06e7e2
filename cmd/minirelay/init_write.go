package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"minirelay/configs"
)

// writeConfig writes a config completely or not at all. It keeps a copy of the previous config, unless that one was
// still as installed. Owner and mode do not change.
func writeConfig(path string, text []byte) (kept string, err error) {
	given := path
	fail := func(err error) (string, error) { return "", cannotWrite(given, err) }
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

// cannotWrite is the error for a config that cannot be written.
func cannotWrite(path string, err error) error {
	try := "write another file: minirelay init -c FILE"
	switch {
	case errors.Is(err, fs.ErrPermission):
		try = "run it with sudo, or write another file: minirelay init -c FILE"
	case errors.Is(err, fs.ErrNotExist):
		try = "make the directory " + filepath.Dir(path) + " first, or write another file: minirelay init -c FILE"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		try = "free some space"
	case errors.Is(err, syscall.EROFS):
		try = "the file system is mounted read-only: look with mount, and at dmesg for a failing card"
	}
	cause := err
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		cause = at.Err // the path is that of a temporary file
	case errors.As(err, &link):
		cause = link.Err
	}
	return userError{"cannot write " + path + ": " + cause.Error(), try}
}

// sameOwner gives the file at path the owner in info. If that is not permitted, the file belongs to the current user,
// which is not an error.
func sameOwner(path string, info fs.FileInfo) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(path, int(s.Uid), int(s.Gid))
	}
}
