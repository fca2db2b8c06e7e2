package main

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups passes SIGHUP on as a request to read the config again. After the terminal of the gateway was closed it calls
// stop instead: nobody could stop the gateway any more, and it would keep its ports. nohup and a service have no such
// terminal. The caller calls end.
func hangups(stop func()) (reload <-chan os.Signal, end func()) {
	attended := !signal.Ignored(syscall.SIGHUP) && hasTerminal()
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGHUP)
	asked := make(chan os.Signal, 1)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case s := <-came:
				if attended && !hasTerminal() {
					stop()
					return
				}
				select {
				case asked <- s:
				default: // one is waiting already
				}
			}
		}
	}()
	return asked, func() {
		signal.Stop(came)
		close(quit)
		<-done
	}
}

// hasTerminal reports whether the process has a controlling terminal. The kernel takes it away before it sends SIGHUP.
func hasTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}

// surviveClosedPipes keeps the program alive when the reader of its output ends: by default the first line after that
// would end it with SIGPIPE. The caller calls end.
func surviveClosedPipes() (end func()) {
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return func() { signal.Stop(broken) }
}
