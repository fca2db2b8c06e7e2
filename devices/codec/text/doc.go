// Package text is the protocols of devices that send lines of text: JSON, CSV, pairs, regular expressions, NMEA 0183,
// the blocks of VE.Direct, and devices that answer requests with lines (AT modems, SCPI instruments).
//
// Most callers need two functions: [NewLineFramer] cuts lines out of a byte stream, and one of [NewJSON], [NewCSV],
// [NewPairs], [NewRegex] and [NewNMEA] decodes them; [NewAT] makes the requests for a device that answers. The
// function named Check and the protocol, as in [CheckCSV], reports everything in a mapping that cannot work, and the
// others expect a mapping in which it has found nothing. Commands are lines too: see [ParseTemplate] and
// [CompilePattern].
//
// # Promises
//
// A line that is too long, not UTF-8 or contains a NUL is dropped and counted. A value that cannot be read makes its own
// field null and no other. A field that occurs twice in a line is null: nothing shows which value is true. Each
// value serves one goroutine, the owner of the port.
//
// # Deliberately absent
//
// There are no other character sets than UTF-8, no lines that continue on the next one, and no JSON document of several
// lines.
package text
