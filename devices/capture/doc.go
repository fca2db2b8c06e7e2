// Package capture writes, reads and plays recordings of serial lines: minirelay watch makes them, minirelay decode and
// replay use them.
//
// Most callers need [NewWriter] or [Read]; [NewPlayer] plays a recording as if it were the board.
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
// The first line names the format and its version. Remarks of the form key: value follow, up to the first record; a reader
// ignores keys that it does not know. Each record is one line: seconds since the beginning, < for bytes that were read or
// > for bytes that were written, the bytes in hexadecimal, and after a | the same bytes as text, for the eye only. Times
// never go back. A line that begins with # is a comment; empty lines mean nothing.
//
// [Read] also accepts other texts of hexadecimal numbers, such as the output of xxd, hexdump -C and od -t x1, and files of
// bare bytes; they have no times.
//
// # Promises
//
// A recording that is cut off can be read up to there. A file that claims to be a capture and is not is refused with the
// number of the line, never guessed at.
//
// Deliberately absent: which frames the bytes form, and what they mean.
package capture
