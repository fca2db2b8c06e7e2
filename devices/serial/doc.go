// Package serial opens serial lines as streams of bytes: ports of this machine, and ports of serial servers in the network.
//
// Most callers need [Open], which takes a [Config] and returns an [io.ReadWriteCloser], and [List], which lists the ports
// of this machine without opening them.
//
//	config.go    Config          the settings of a line, as they are in the config file
//	port.go      Open            a port of this machine
//	tcp.go                       tcp://host:port, a serial server that passes bytes through
//	rfc2217.go, telnet.go        rfc2217://host:port, a serial server that sets up its line on request
//	rs485.go     RS485Config     the direction of an RS-485 adapter, by the driver or by RTS
//	tune.go      Retune          another speed without opening the port again
//	deadline.go  WriteBy         a write that ends in time
//	list.go      List            the ports of this machine, and which one a USB id means
//	inuse.go     Users           the programs that have a port open
//	error.go     Error           the reason why a port cannot be used, for people
//
// # Promises
//
// The goroutine that opened a stream owns it: it alone writes and closes. One other goroutine may read; Close ends its
// Read. A write takes at most two seconds; bytes that could not leave are dropped by Close, so that no command acts late.
// No other program can open a port of this machine meanwhile. After Close the stream touches nothing that was opened later.
//
// Deliberately absent: what the bytes mean, opening a port again after a loss, and flow control lines.
package serial
