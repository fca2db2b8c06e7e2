// Package devices reads boards on serial lines and carries commands to them.
//
// Most callers need two functions: New, which gives Ports, and Ports.Apply, which makes the ports and devices
// of a Config run, change or stop. CheckDevice tells what is wrong with a mapping before anything is opened,
// List tells what could be opened, and Decode decodes a recording without any port.
//
// # The way of the data
//
// Each step is a file named after it:
//
//	codec.go     kinds           what codecs there are, and what each needs
//	port.go      Open            a serial port (or tcp://host:port) as a stream
//	rs485.go                     who switches an RS-485 adapter between sending and hearing
//	rfc2217.go, telnet.go        a serial server that is told how to set up its line
//	frame.go     Framer.Next     one line, cut out of the noise
//	checksum.go                  the *HEX behind a line, where the mapping asks for it
//	scan.go      scanner         strict JSON, token by token
//	json.go      Codec.Decode    values of fields
//	csv.go, pairs.go, regex.go   the same for other lines of text; word.go reads a bare value
//	nmea.go, nmea_keys.go        the same for NMEA 0183 sentences
//	binary.go                    the same for frames of bytes: binary_cut.go and binary_block.go cut them out of the noise,
//	                             feed.go hears silence, crc.go and stuffing.go know checksums and delimiters, binary_poll.go asks
//	byte_text.go, byte_template.go, byte_value.go   bytes as people write them, templates of them, values in them
//	dlt645.go                    electricity meters, with dlt645_frame.go and dlt645_data.go
//	vedirect.go                  blocks of pairs, with their checksum
//	match.go     matcher         which frames are a device's, and which of them speak of a field
//	gather.go    gatherer        the readings of one frame: value.go makes each, why.go says what was wrong
//	computed.go                  fields that are worked out from others; computed_check.go compiles and bounds them,
//	                             computed_shown.go shows them on the wire
//	format.go                    numbers in registers and frames
//	read.go                      the reading goroutine: Framer → Codec → relay.Device.Update
//	judge.go     judge           what a frame is to a device, and the words for people; for Decode too
//	command.go                   a command as bytes: {value}, {seq}
//	answer.go                    a line as answer: expect, refuse
//	exchange.go                  what a written command still waits for
//	late.go      lateAnswers     answers that may still come, and must not be taken for those to something else
//	execute.go                   write, wait, decide, perhaps retry: the one outcome, on both roads
//	query.go     asker           devices that speak when they are spoken to: requests and their answers
//	at.go, at_read.go            devices that answer in lines of text
//	schedule.go                  who is asked next: the living in turn, the dead ever more rarely
//	bus.go                       one request at a time, commands ahead of polling
//	transact.go                  silence, request, answer
//	rename.go    renamed         other names for people, which disturb nobody
//	polls.go, load.go            how a device has answered, how long a line was occupied
//	execute_polled.go            a command to a device that is asked: write, acknowledge, read back
//	modbus.go                    Modbus: fields → batches → PDUs → frames (RTU, ASCII)
//	line.go                      the owning goroutine: open, serve, lose, open again
//	mapping.go, check.go         a config, compiled and checked
//	apply.go     Ports.Apply     which lines there are
//	list.go      List            which ports this machine has, without opening any
//	wire.go      Record          what there is to see on a wire
//	tap.go                       shows it to who watches, at no cost while nobody does
//	watch.go     Ports.Watch     one watcher, who may be slow
//	decode.go    Decode          a recording with a mapping, without any port
//	questions.go Questions       what a device would be asked, without any port
//	trouble.go   Error           why a port cannot be used, in words for people
//
// # Promises
//
// One goroutine owns a port: it alone opens, writes and closes it. A second one reads. Nothing that a board
// sends can stop either, make it hold more than one frame of memory, or disturb another port. A command is
// written at most once, unless the mapping says that it is idempotent and asks for retries. What does not
// change in Apply is not disturbed.
//
// A board whose answers carry {seq} makes late and doubled answers recognisable. Without it, an answer that
// comes after its command has timed out cannot be told from the answer to the next command: use {seq}, or
// confirm, wherever the board allows it.
//
// Several devices share a port where they are asked, or where their frames tell who speaks. A device that does not
// answer is asked ever more rarely, so that it costs its neighbours next to nothing.
//
// Deliberately absent: flow control lines.
package devices
