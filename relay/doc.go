// Package relay holds the nouns of minirelay and its policy: what a reading and a command are, when a value is
// too old to be shown, when a command is too old to be executed, and that none is executed twice. It imports
// the standard library only (and its own segment files), and knows serial lines and MQTT by their two edges:
// package devices calls Device.Update and takes tasks from a Lane; a broker is a Publisher, and calls Handle.
//
// # The walk
//
// Up, from the wire to the screen:
//
//	bytes       serial.Open             a serial port as a stream
//	frame       devices.Framer.Next      one line, cut out of the noise
//	reading     devices.Codec.Decode     values of fields
//	relay       Device.Update            newest value of each field, staleness, rate
//	topic       outlet.put               {root}/{gateway}/{device}/state, behind the port's back
//	broker      Publisher.Publish        broker.Broker delivers to everyone who may read it; an upstream.Upstream
//	                                     keeps it until somebody else's broker has it
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
// A command that carries an id gets exactly one final result, and again the same one if it is repeated. It is
// written within its max_age or never. A crash between writing and answering leaves unknown, reported to the
// same user's next subscription. A value that is not known to be good is null.
//
// Deliberately absent: toggles, queues for devices that are offline, and any command that the relay gives by
// itself.
package relay
