// Package detect finds out how to speak with what hangs on an unknown serial line. Most callers need Open, then
// Talkers, ModbusUnits or Meters.
//
//	line.go      Line            a line that can be set up anew without closing it
//	talkers.go   Talkers         at which speed and format a line makes sense that talks by itself
//	score.go     Judge           how much sense bytes make
//	lines.go                     what lines of text are made of: JSON, NMEA, pairs, columns
//	frames.go                    frames of bytes that repeat, and their checksums
//	modbus.go    ModbusUnits     who answers
//	ranges.go    Ranges          which registers of a unit can be read
//	fits.go      Interview       what a unit answers to what a mapping would ask
//	dlt645.go    Meters          the addresses of DL/T 645 meters
//
// # Promises
//
// Talkers writes nothing. What the others write asks and changes nothing: Modbus functions 1 to 4, and the reading of a
// meter's address and energy. Everything is bounded in time.
package detect
