// Package relay holds the nouns of minirelay and its policy: readings and commands, the age at which a value is
// not shown any more, the age at which a command is not executed any more, and the rule that no command is executed
// twice. Most callers need [Start] and [Relay.Attach]. It imports the standard library and the packages below its
// own, and knows serial lines and MQTT by their two edges: package devices calls [Device.Update] and takes tasks
// from a [Lane]; a broker is a [Publisher], and calls [Relay.Handle].
//
// # The walk
//
// Up, from the wire to the screen:
//
//	bytes       serial.Open             a serial port as a stream
//	frame       codec.Framer.Next         one line, cut out of the noise
//	reading     codec.Stream.Decode       values of fields
//	relay       Device.Update            newest value of each field, staleness, rate
//	topic       outlet.put               {root}/{gateway}/{device}/state, behind the port's back
//	broker      Publisher.Publish        broker.Broker delivers to everyone who may read it; an upstream.Upstream
//	                                     keeps it until another broker has it
//	phone
//
// Down, from the finger to the hardware and back:
//
//	phone
//	guard       broker's hook            may this user command this device?
//	relay       Relay.Handle             known id? well-formed? device there? then on the disk: journal.admit
//	lane        Lane.put, Lane.Take      in order, bounded, newest value wins, too old is refused
//	bytes       devices' port owner      written once
//	answer      expect, refuse           of the board
//	read-back   confirm                  the field shows the value
//	result      Task.Finish              the one final outcome, remembered, then published
//
// # Promises
//
// A command that carries an id gets exactly one final result, and the same one again if it is repeated. It is
// written within its max_age or never. After a crash between writing and answering its result is unknown, and is
// published at the next subscription of the same user. A value that is not known to be valid is null.
//
// Deliberately absent: toggles, queues for devices that are offline, and commands from the relay itself.
package relay
