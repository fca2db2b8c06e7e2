package main

import "regexp"

// bareName matches the names that the kernel gives to serial ports.
var bareName = regexp.MustCompile(`^(tty[A-Za-z]+|serial|rfcomm)[0-9]+$`)

// fullPath returns the path of a port: people write ttyUSB0, as the kernel's log does, for /dev/ttyUSB0.
func fullPath(name string) string {
	if bareName.MatchString(name) {
		return "/dev/" + name
	}
	return name
}
