package softboard

import (
	"fmt"
	"time"
)

// Relays is a board with four relays.
//
//	{"r1":0,"r2":0,"r3":1,"r4":0}
//	R3 0 #7   → OK #7
type Relays struct{ on [4]bool }

// NewRelays makes a board with all relays off.
func NewRelays() *Relays { return &Relays{} }

// Step returns the state of the relays.
func (r *Relays) Step(time.Duration) []byte { return r.telemetry() }

func (r *Relays) telemetry() []byte {
	return fmt.Appendf(nil, `{"r1":%d,"r2":%d,"r3":%d,"r4":%d}`+"\n",
		digit(r.on[0]), digit(r.on[1]), digit(r.on[2]), digit(r.on[3]))
}

// Command switches one relay.
func (r *Relays) Command(line string) []byte { return answer(line, r.do, r.telemetry) }

func (r *Relays) do(verb, value string) string {
	if len(verb) != 2 || verb[0] != 'R' || verb[1] < '1' || verb[1] > '4' {
		return "R1 to R4"
	}
	if value != "0" && value != "1" {
		return "0 or 1"
	}
	r.on[verb[1]-'1'] = value == "1"
	return ""
}
