// Package detect finds out which device is connected to an unknown serial line, and at which speed and format.
//
// Most callers need [Open] and then [Talkers]; if no board talks by itself, [ModbusUnits] and [Meters]. [Result.TOML]
// writes what was found as a part of a config.
//
//	line.go      Line            a line whose speed can be changed without closing it
//	talkers.go   Talkers         the speed and format of a board that talks by itself
//	score.go     Judge           how much sense bytes make
//	lines.go     Text            the form of lines of text: JSON, NMEA, pairs, columns
//	frames.go    Frames          frames of bytes that repeat, and their checksums
//	ask.go                       one request and its answer
//	modbus.go    ModbusUnits     the Modbus addresses that answer
//	ranges.go    Ranges          the registers of a unit that can be read
//	fits.go      Interview       what a unit answers to the requests of a mapping
//	dlt645.go    Meters          the addresses of DL/T 645 meters
//	toml.go      Result.TOML     the result, for a config
//
// # Promises
//
// [Talkers] writes nothing. The others write requests that read and change nothing: Modbus functions 1 to 4, and the
// address and the energy of a meter. Every search ends in bounded time, or at once with its context. The caller owns the
// line: one search at a time, and Close at the end.
//
// Deliberately absent: a search with requests of other protocols, which a device could take for a command.
package detect
