// Package capture writes, reads and plays recordings of serial lines, as minirelay watch makes them and minirelay
// decode and replay take them. Most callers need NewWriter, or Read, or NewPlayer.
//
// A capture is a text that people can read, cut and write by hand:
//
//	minirelay capture 1
//	port: uno
//	path: /dev/ttyACM0
//	line: 115200 8N1
//	started: 2026-11-24T10:20:31.123+08:00
//
//	# a comment
//	0.000000 < 7b 22 74 22 3a 32 31 2e 35 7d 0a | {"t":21.5}·
//	0.731204 > 50 55 4d 50 20 31 20 23 34 32 0a | PUMP 1 #42·
//
// The first line names the format and its version. What follows up to the first record are remarks of the form key:
// value; whoever does not know a key leaves it alone. Each record is one line: seconds since the beginning, < for
// what was read or > for what was written, the bytes in hexadecimal, and behind a | the same as text, for the eye
// only. Times never go back. A line that begins with # is a comment, an empty one means nothing.
//
// Other texts of hexadecimal numbers, such as xxd, hexdump -C and od -t x1 print them, and files of bare bytes are
// read too; they have no times.
package capture
