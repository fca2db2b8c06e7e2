// Package broker is the embedded MQTT broker: phones and tools connect to it over wss, ws or plain MQTT, and the
// gateway publishes through it. Most callers need [New], [Broker.Start] and [Broker.Publish].
//
// mochi speaks the protocol: it decodes packets, acknowledges, and knows the clients. The
// promises of minirelay are enforced around it, in the order in which a connection meets them:
//
//	listen.go     Broker.bind            ports are bound here, so that a busy one is an error at start
//	proxy.go      proxied.Read           the client's address, if a trusted proxy says it
//	prelogin.go   preLogin.enter         connections without a CONNECT yet are few and short-lived; a flood displaces itself
//	http.go       Broker.serveHTTP       one TLS port for wss, the page and the API
//	front.go      front.foreign          pages of other addresses are refused
//	conn.go       conn.Write             never blocks: a stuck client cannot delay the others
//	serve.go      Broker.serve           one connection from its first byte to its last; panics end here
//	inbound.go    inbound.follow         what mochi does not tell about a client's packets
//	foreign.go    Broker.blame           the log names clients that cannot work here
//	guard.go      guard                  the one hook of mochi: every request of a client passes here
//	login.go      guard.OnConnect        the login, and the client id
//	room.go       Broker.placeLocked     one user cannot take all places for clients
//	authenticate.go Broker.Authenticate  the login to the pages of HandleHTTP
//	passwords.go  passwords.check        passwords, computed once each
//	throttle.go   throttle               and never at an attacker's speed: place.go says where a login comes from, phones.go
//	                                     who has been in from there, keep.go keeps both over a restart
//	fleet.go      fleet.admit            of two gateways with one id, the second is refused
//	rules.go      rights                 the rights of a user to read and write
//	subscribe.go  guard.OnSubscribe      the subscriptions of a client
//	receive.go    guard.OnPublish        the publishes of a client
//	stamp.go      Broker.stamped         who sends a command to a gateway behind this broker, and when
//	publish.go    Broker.Publish         a message is stored and distributed
//	retained.go   retained.put           the newest message of each topic is kept
//	route.go      Broker.route           its receivers
//	index.go      index.match            whose subscriptions match
//	frames.go     conn.writeFrames       packets become frames that small boards can take
//	session.go    session.deliver        its way to one receiver: in order, or the receiver is disconnected
//	away.go       session.storeLocked    what is kept for a client that is away
//	replay.go     session.snapshot       retained messages, taken from the store when there is room for them
//	budget.go     budget                 what all this holds for each user, in bytes
//	relieve.go    Broker.relieve         who holds too much is disconnected
//	pulse.go      Broker.Pulse           a message to itself shows that all this works
//
// # Promises
//
// A subscriber that keeps up gets every message of a topic in the order of publishing; one that does not is
// disconnected and gets the retained messages when it connects again. No publisher waits for a client for more than a
// moment. No user's clients can make the broker hold more than a few megabytes: see maxShare. Anything that no rule allows is denied. No input ends the process.
//
// Deliberately absent: anonymous users, bridges, storage (retained messages and sessions live in memory; the gateway
// publishes its own again at start), QoS 2 towards subscribers (they are granted QoS 1), and wills on the gateway's
// topics.
package broker
