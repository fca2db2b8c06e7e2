// Package upstream carries the messages of a gateway to another MQTT broker, and commands back from it. Most callers
// need [Start] and [Upstream.Publish].
//
//	Upstream.Publish   sorts a message by its topic; never waits         upstream.go, topic.go
//	keeper             writes readings and results to the outbox         keeper.go, store.go
//	queue              the messages that are live, in flight or waiting  queue.go, reread.go
//	dialer             one connection after another, with pauses         dial.go, trouble.go
//	published          the topics at the upstream, on the disk           published.go
//	session            sends: live first, then the backlog; PUBACKs      session.go
//	refusals           finds messages that end connections               refusal.go
//	wire               reads whole packets and passes only allowed ones  wire.go
//	inlet              hands in commands, one person after another       inlet.go
//	hubClock           how long a command through a hub was on its way   stamp.go
//	Upstream.meet      tells another gateway with this id apart          twin.go
//
// # Promises
//
// A reading, a result or an event is written to the outbox before it is sent, and leaves it on a PUBACK for that very
// message. So a message that Publish has taken arrives at least once, across cuts, restarts and, with sync = "always",
// power cuts; without it a power cut costs at most the messages of the last second or so. A message that arrives twice
// carries the same "seq" both times. Readings of a device arrive in order, except that live ones overtake the backlog,
// which carries "replay":true. Nothing waits for an upstream: a dead one, a slow one and a full disk do not affect the
// others.
//
// A message is lost, and counted, only if the bounds of the outbox (megabytes, age) push it out, if the disk has
// damaged it, or if neither the disk nor the connection takes it while memory is full.
//
// Commands are subscribed to with a clean session, so that the broker keeps none for a gateway that is away.
//
// Deliberately absent: MQTT 5, QoS 2, persistent sessions, and paho's own reconnecting and storage, which report
// messages as delivered that were not.
package upstream
