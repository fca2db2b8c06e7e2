// Package devices reads boards on serial lines and carries commands to them.
//
// Most callers need two functions: [New], which gives [Ports], and [Ports.Apply], which makes the ports and devices of a
// [Config] run, change or stop. [CheckDevice] reports every fault of a device's description before anything is opened,
// and [Decode] decodes a recording without a port.
//
// The package is the engine: who owns a port, what is asked next, what a command waits for. What the bytes of a board
// mean is known to the packages below codec, how a line is opened and tuned to package serial.
//
// # The walk
//
// Up, from the wire to a reading:
//
//	line.go       line.run, line.serve       the goroutine that owns a port: open, serve, lose, open again
//	talk.go       line.read, line.take       the goroutine that reads a board that talks: frame by frame
//	poll.go       line.listen, line.poll     a bus: one request at a time, commands ahead of polling
//	schedule.go   schedule.health            which request is next: whatever answers in turn, whatever is lost less and less often
//	transact.go   line.transact              silence, request, answer
//	judge.go      judge.find, judge.answer   what a frame is to a device, for the live line and for Decode
//	device.go     compile                    a description, compiled; its readings go to relay.Device.Update
//
// Down, from a command to its one outcome:
//
//	execute.go           line.execute, line.carryOut   try, wait, decide, perhaps try again
//	execute_polled.go    line.executePolled            the same for a polled device: write, acknowledge, read back
//	inflight.go          inFlight.answer               what a written command still waits for
//	late.go              lateAnswers.expect            answers that may still come to what is no longer waited for
//
// Beside it: ports.go has [Ports.Apply], kinds.go lists the codecs, check.go has [CheckDevice], decode.go has [Decode] and
// [Questions], watch.go has [Ports.Watch], shown.go shows readings to a watcher, load.go and polls.go count, driver.go
// notices a driver that hangs.
//
// # Promises
//
// One goroutine owns a port: it alone opens, writes and closes it. A second one reads. Nothing that a board sends can
// stop either, make it hold more than one frame of memory, or disturb another port. A command is written at most once,
// unless the file says that it is idempotent and asks for retries. Whatever stays the same in Apply is not disturbed.
//
// A board whose answers carry {seq} makes late and doubled answers recognisable. Without it, an answer that comes after
// its command has timed out cannot be told from the answer to the next command: use {seq}, or confirm, wherever the
// board allows it.
//
// Several devices share a port where they are polled, or where their frames show who speaks. A device that does not
// answer is polled less and less often, so that it costs the others next to nothing.
//
// Deliberately absent: flow control lines.
package devices
