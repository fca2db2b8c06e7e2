package broker

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"
)

// A command or a request that passes to another gateway begins with a stamp, as the first key of its object:
//
//	{"by":{"user":"li","role":"operator","at":81234},"id":"c-7f3",…}
//
// The gateway knows by it who the person is, and from at, in milliseconds by a clock of this broker that cannot be set,
// how long the message was on its way. No client can forge it, whatever it sends: every object gets a stamp in front of
// everything else, and a gateway looks for it at the very first byte only.
type stampOf struct {
	User string `json:"user"`
	Role string `json:"role"`
	At   int64  `json:"at"`
}

// stamped returns the payload of a command or a request with the stamp of its user. What does not begin like an object
// is none, and stays as it is.
func (b *Broker) stamped(payload []byte, acc *account) []byte {
	const space = " \t\r\n" // RFC 8259, section 2
	object, ok := bytes.CutPrefix(bytes.TrimLeft(payload, space), []byte("{"))
	if !ok {
		return payload
	}
	stamp, err := json.Marshal(stampOf{acc.id, acc.rights.role, time.Since(b.since).Milliseconds()})
	if err != nil {
		return nil // texts and numbers always encode; better no message than one without a stamp
	}
	out := make([]byte, 0, len(stamp)+len(object)+8)
	out = append(append(out, `{"by":`...), stamp...)
	if object = bytes.TrimLeft(object, space); !bytes.HasPrefix(object, []byte("}")) {
		out = append(out, ',')
	}
	return append(out, object...)
}

// withinRights returns a gateway's reply to a client with those devices only that the client may use: gateways do not
// know the rights of people who meet them here.
func (b *Broker) withinRights(r *rights, topic string, payload []byte) []byte {
	gateway, first, client := r.split(topic)
	if first != "reply" {
		return payload
	}
	s := b.lookup(client)
	if s == nil {
		return payload // nobody gets it
	}
	acc := b.users.Load().of(s)
	if acc == nil || acc.rights.devicesOf(gateway) == nil {
		return payload
	}
	var reply, result map[string]json.RawMessage
	var devices []string
	if json.Unmarshal(payload, &reply) != nil || json.Unmarshal(reply["result"], &result) != nil || json.Unmarshal(result["devices"], &devices) != nil {
		return payload // it lists no devices
	}
	devices = slices.DeleteFunc(devices, func(id string) bool { return !acc.rights.hasDevice(gateway, id) })
	var err error
	if result["devices"], err = json.Marshal(devices); err == nil {
		if reply["result"], err = json.Marshal(result); err == nil {
			payload, err = json.Marshal(reply)
		}
	}
	if err != nil {
		return nil // what was decoded encodes again
	}
	return payload
}
