package gateway

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// notices are what the kernel tells about the files of a config (inotify(7)): above all whether a file is still being
// written. Where it tells nothing, as about files that another machine changes, [Watch] only has the fingerprint.
type notices struct {
	wake chan struct{} // holds a token when there may be something to read

	file *os.File // of the inotify instance; nil: there is none
	done chan struct{}

	mu    sync.Mutex // guards everything below, and reading
	fd    int
	dirs  map[int32]bool // watch descriptors, and whether every *.toml in that directory is part of the config
	files map[place]*fileState
	links map[string]string // where each file of the config led to when it was followed
	moved bool              // a file leads elsewhere since the last forget
	news  bool              // something has happened since the last read
}

// place is a name in a watched directory.
type place struct {
	dir  int32 // watch descriptor
	name string
}

// fileState is what is known of a file since the last forget.
type fileState struct {
	writing bool // it was changed and has not been closed since
	renamed bool // it came as a whole: it was renamed, and not changed after that
	touched bool // something else has happened
}

// newNotices returns notices that follow nothing yet. Without inotify they never tell anything.
func newNotices() *notices {
	n := &notices{wake: make(chan struct{}, 1), done: make(chan struct{}), dirs: map[int32]bool{}, files: map[place]*fileState{}}
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		close(n.done)
		return n
	}
	n.fd, n.file = fd, os.NewFile(uintptr(fd), "inotify")
	raw, err := n.file.SyscallConn()
	if err != nil {
		_ = n.file.Close()
		n.file = nil
		close(n.done)
		return n
	}
	go func() {
		defer close(n.done)
		_ = raw.Read(func(uintptr) bool {
			n.mu.Lock()
			n.drain()
			news := n.news
			n.mu.Unlock()
			if news {
				select {
				case n.wake <- struct{}{}:
				default:
				}
			}
			return false // wait for more, until the file is closed
		})
	}()
	return n
}

func (n *notices) close() {
	if n.file != nil {
		_ = n.file.Close()
	}
	<-n.done
}

// follow watches the directories that hold the files of the config at path, and those with its secrets, now.
func (n *notices) follow(path string, secrets []string) {
	if n.file == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	before, known, dirs := n.links, n.files, n.dirs
	n.links, n.files, n.dirs = map[string]string{}, map[place]*fileState{}, map[int32]bool{}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		n.watch(path, true)
	}
	for _, f := range append(filesOf(path), secrets...) {
		target, err := filepath.EvalSymlinks(f)
		if err != nil {
			target = f
		}
		n.links[f] = target
		if was, ok := before[f]; ok && was != target {
			n.moved = true
		}
		if dir, ok := n.watch(filepath.Dir(target), false); ok {
			n.files[place{dir, filepath.Base(target)}] = &fileState{}
		}
	}
	for at, state := range known {
		if n.files[at] != nil || n.dirs[at.dir] {
			n.files[at] = state
		}
	}
	for dir := range dirs {
		if _, ok := n.dirs[dir]; !ok {
			_, _ = syscall.InotifyRmWatch(n.fd, uint32(dir)) // it may have ended with its directory
		}
	}
}

// watch follows a directory. Following it again changes nothing.
func (n *notices) watch(dir string, whole bool) (int32, bool) {
	wd, err := syscall.InotifyAddWatch(n.fd, dir, syscall.IN_MODIFY|syscall.IN_CLOSE_WRITE|syscall.IN_CREATE|syscall.IN_DELETE|syscall.IN_MOVED_FROM|syscall.IN_MOVED_TO|syscall.IN_ONLYDIR)
	if err != nil {
		return 0, false
	}
	n.dirs[int32(wd)] = n.dirs[int32(wd)] || whole
	return int32(wd), true
}

// read takes everything that has happened until now, and reports whether that concerns the config.
func (n *notices) read() bool {
	if n.file == nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drain()
	news := n.news
	n.news = false
	return news
}

// drain reads the events that are there; mu is held.
func (n *notices) drain() {
	var buf [16 << 10]byte
	for {
		size, err := syscall.Read(n.fd, buf[:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || size <= 0 {
			return // there is nothing more
		}
		for at := 0; at+syscall.SizeofInotifyEvent <= size; {
			word := func(i int) uint32 { return binary.NativeEndian.Uint32(buf[at+4*i:]) }
			from := at + syscall.SizeofInotifyEvent // wd, mask, cookie, length of the name
			to := from + int(word(3))
			n.take(int32(word(0)), word(1), strings.TrimRight(string(buf[from:to]), "\x00"))
			at = to
		}
	}
}

// take notes one event; mu is held.
func (n *notices) take(dir int32, mask uint32, name string) {
	if mask&syscall.IN_Q_OVERFLOW != 0 { // what was missed may be the end of a writing
		clear(n.files)
		n.news = true
		return
	}
	at := place{dir, name}
	state := n.files[at]
	if state == nil {
		if !n.dirs[dir] || !belongs(name) {
			return
		}
		state = &fileState{}
		n.files[at] = state
	}
	switch {
	case mask&syscall.IN_MODIFY != 0:
		*state = fileState{writing: true, touched: true}
	case mask&syscall.IN_CLOSE_WRITE != 0:
		if !state.writing {
			return // it was opened for writing, and nothing was written
		}
		state.writing = false
	case mask&syscall.IN_MOVED_TO != 0:
		*state = fileState{renamed: true}
	default:
		*state = fileState{touched: true}
	}
	n.news = true
}

// writing reports whether a file of the config is still being written.
func (n *notices) writing() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.files {
		if s.writing {
			return true
		}
	}
	return false
}

// whole reports whether everything that has changed since the last forget came as a whole: by a rename, or by a link that
// leads elsewhere now.
func (n *notices) whole() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	whole := n.moved
	for _, s := range n.files {
		if s.touched {
			return false
		}
		whole = whole || s.renamed
	}
	return whole
}

// forget drops what is known about the changes until now.
func (n *notices) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.moved = false
	for _, s := range n.files {
		s.touched, s.renamed = false, false
	}
}
