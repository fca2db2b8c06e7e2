package relay

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// requestOfAnother reports whether m is a request to a gateway that meets its users at this one's broker, and returns
// that gateway's topics.
func (r *Relay) requestOfAnother(m Message) (Topics, bool) {
	below, ok := strings.CutPrefix(m.Topic, r.config.Root+"/")
	gateway, rest, _ := strings.Cut(below, "/")
	return NewTopics(r.config.Root, gateway), ok && m.Role != "" && strings.HasPrefix(rest, "request/")
}

// request answers {"id","method","params"} on the reply topic, and on the response topic of MQTT 5. Of the requests to
// another gateway it answers only the one for the user's identity, which only the user's broker knows, and refuses the
// rest.
func (r *Relay) request(topics Topics, m Message) (answered bool) {
	_, client, _ := topics.Split(m.Topic)
	if m.Retain {
		return true // it would be answered at every start of the client, out of nowhere
	}
	var q struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	type fault struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	answer := struct {
		ID     json.RawMessage `json:"id"`
		Result any             `json:"result,omitempty"`
		Error  *fault          `json:"error,omitempty"`
	}{}
	sound := json.Unmarshal(m.Payload, &q) == nil && q.Method != "" && utf8.Valid(m.Payload)
	switch {
	case q.Method == "me" && sound && m.Role != "":
		answer.Result = struct {
			User    string   `json:"user"`
			Role    string   `json:"role"`
			Devices []string `json:"devices,omitzero"`
		}{m.User, m.Role, m.Devices}
	case topics != r.topics:
		return false
	case !sound:
		answer.Error = &fault{"bad_request", `a request is {"id":…,"method":…,"params":…}`}
	case q.Method == "time":
		answer.Result = struct {
			Now int64 `json:"now"`
		}{time.Now().UnixMilli()}
	case q.Method == "devices":
		answer.Result = struct {
			Devices []string `json:"devices"`
		}{r.visible(m.Devices)}
	default:
		answer.Error = &fault{"unknown_method", fmt.Sprintf("there is no method %q", cut(q.Method, maxID))}
	}
	answer.ID = json.RawMessage("null")
	if n := len(q.ID); n > 0 && n <= 4*maxID && utf8.Valid(q.ID) {
		answer.ID = q.ID
	}
	reply := outgoing{topic: topics.Reply(client), detail: only(r.origin(m))}
	r.putJSON(reply, answer)
	if m.Respond != "" && m.Respond != reply.topic {
		reply.topic, reply.detail = m.Respond, &detail{to: r.origin(m), correlation: m.Correlation}
		r.putJSON(reply, answer)
	}
	return true
}
