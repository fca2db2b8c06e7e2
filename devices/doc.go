// Package devices reads boards on serial lines and carries commands to them.
//
// Most callers need two functions: [New], which returns [Ports], and [Ports.Apply], which starts, changes and stops the
// ports and devices of a [Config]. [CheckDevice] returns every fault of a device's description before a port is opened,
// and [Decode] decodes a recording without a port.
//
// The package is the engine: it decides which goroutine owns a port, which request comes next, and what a command waits
// for. The packages below codec know the meaning of a board's bytes; package serial opens and tunes a line.
//
// # The walk
//
// Up, from the wire to a reading:
//
//	line.go       line.run, line.serve       the goroutine that owns a port: open, serve, lose, open again
//	talk.go       line.read, line.take       the goroutine that reads a board that talks by itself: frame by frame
//	poll.go       line.listen, line.poll     a bus: one request at a time, commands ahead of polls
//	              schedule.Next              which request is next: lost devices are asked less and less often
//	transact.go   line.transact              silence, request, answer
//	              answers.Echo               whether what has come is only the echo of an adapter
//	judge.go      judge.find, judge.answer   which device a frame belongs to, for the live line and for Decode
//	device.go     compile                    a description, compiled; its readings go to relay.Device.Update
//
// Down, from a command to its one outcome:
//
//	execute.go           line.execute, line.carryOut   try, wait, decide, perhaps try again
//	execute_polled.go    line.executePolled            the same for a polled device: write, acknowledge, read back
//	inflight.go          inFlight.answer               the proof that a written command still waits for
//	                     answers.Late                  answers that may still come after their timeout
//
// Beside the walk: ports.go has [Ports.Apply], kinds.go lists the codecs, check.go has [CheckDevice], decode.go has
// [Decode] and [Questions], watch.go has [Ports.Watch], shown.go shows readings to a watcher, load.go and polls.go count,
// driver.go notices a driver that hangs.
//
// # Promises
//
// One goroutine owns a port: it alone opens, writes and closes it. A second one reads. Nothing that a board sends can
// stop either, make it hold more than one frame of memory, or disturb another port. A command is written at most once,
// unless the file says that it is idempotent and asks for retries. The unchanged parts of a configuration are not
// affected by [Ports.Apply].
//
// A board that repeats {seq} in its answers makes late and repeated answers recognisable. Without it, an answer that
// comes after its command has timed out cannot be distinguished from the answer to the next command: use {seq}, or
// confirm, wherever the board allows it.
//
// Several devices share a port where they are polled, or where their frames show which device sent them. A device that
// does not answer is polled less and less often, so that it costs the others next to nothing.
//
// Deliberately absent: flow control lines.
package devices
