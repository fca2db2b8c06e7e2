package devices

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// serve makes the board answer each line that ends with end. The text that answer returns is written as it is.
func (b *board) serve(end string, answer func(request string) string) {
	var got string
	one := make([]byte, 1)
	for {
		if _, err := b.Read(one); err != nil {
			return
		}
		if got += string(one); !strings.HasSuffix(got, end) {
			continue
		}
		request := strings.TrimSuffix(got, end)
		got = ""
		if reply := answer(request); reply != "" {
			_, _ = b.Write([]byte(reply))
		}
	}
}

// supplyBoard is the supply as a board, with an output that can be switched; it can be made deaf.
type supplyBoard struct {
	mu                  sync.Mutex
	output, stuck, deaf bool
	asked               []string
}

// set changes the board between two requests.
func (s *supplyBoard) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *supplyBoard) answer(request string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, request)
	switch {
	case s.deaf:
	case request == ":OUTP CH1,ON":
		s.output = !s.stuck
	case request == ":OUTP CH1,OFF":
		s.output = false
	case request == ":OUTP? CH1" && s.output:
		return "ON\n"
	case request == ":OUTP? CH1":
		return "OFF\n"
	case request == "*IDN?":
		return "RIGOL TECHNOLOGIES,DP832,DP8A1234567890,00.01.13\n"
	case request == ":MEAS:ALL? CH1":
		return "2.0000,0.0500,0.100\n"
	}
	return ""
}

func switchable() mapping.DeviceConfig {
	d := Supply()
	d.Init = []string{":SYST:REM"}
	out := mapping.DefaultCommand()
	out.ID, out.Type, out.Send, out.Confirm = "output", relay.TypeBool, ":OUTP CH1,{value}", "output"
	out.Values = map[string]string{"true": "ON", "false": "OFF"}
	d.Commands = []mapping.CommandConfig{out}
	return d
}

// untimed takes the times out of results.
func untimed(results string) string { return tookTime.ReplaceAllString(results, "") }

var tookTime = regexp.MustCompile(` after [0-9.]+m?s`)

// An instrument that does not acknowledge commands is confirmed by a query.
func TestInstrument(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(switchable())
		s := &supplyBoard{}
		go r.board().serve("\n", s.answer)
		time.Sleep(100 * time.Millisecond)
		if r.last("availability") != "online" || r.field("voltage") != 2.0 || r.field("model") != "DP832" || r.field("output") != false {
			t.Error(r.last("state"))
		}
		r.ask(`{"id":"a","command":"output","value":true}`)
		time.Sleep(100 * time.Millisecond)
		s.set(func() { s.stuck = true })
		r.ask(`{"id":"b","command":"output","value":false}`)
		time.Sleep(100 * time.Millisecond)
		r.ask(`{"id":"c","command":"output","value":true}`)
		time.Sleep(3 * time.Second)
		if got := untimed(r.results()); got != "a done; b done; c failed/mismatch: the hardware reads back false instead of true" {
			t.Error(got)
		}
		s.set(func() {
			if s.asked[0] != ":SYST:REM" || slices.Contains(s.asked[1:], ":SYST:REM") {
				t.Errorf("the line for the beginning is not written once, at the beginning: %q", s.asked[:5])
			}
			s.deaf = true
		})
		time.Sleep(60 * time.Second)
		if r.last("availability") != "offline" {
			t.Error("a deaf instrument is online")
		}
		s.set(func() { s.deaf, s.asked = false, nil })
		time.Sleep(90 * time.Second)
		s.set(func() {
			if r.last("availability") != "online" || !slices.Contains(s.asked, ":SYST:REM") {
				t.Errorf("%s after it was away: %q", r.last("availability"), s.asked)
			}
		})
	})
}

// The outcomes of a command to a device that ends its answers with OK.
func TestModemCommands(t *testing.T) {
	d := Modem()
	d.Fields = d.Fields[:1]
	apn := mapping.DefaultCommand()
	apn.ID, apn.Type, apn.Send = "apn", relay.TypeText, "AT+CGDCONT=1,\"IP\",\"{value}\""
	sms := mapping.DefaultCommand()
	sms.ID, sms.Type, sms.Send, sms.Expect, sms.Timeout = "sms", relay.TypeNumber, "AT+SEND={value},{seq}", `^\+SENT: {seq}$`, time.Second
	d.Commands = []mapping.CommandConfig{apn, sms}
	for name, tt := range map[string]struct {
		command, reply, want string
	}{
		"done":             {`"apn","value":"cmnet"`, "\r\nOK\r\n", "a done"},
		"echo and noise":   {`"apn","value":"cmnet"`, "AT+CGDCONT=1,\"IP\",\"cmnet\"\r\r\n+CREG: 2\r\nRING\r\nOK\r\n", "a done"},
		"refused":          {`"apn","value":"x"`, "\r\n+CME ERROR: invalid APN\r\n", "a failed/refused: invalid APN"},
		"silent":           {`"apn","value":"x"`, "", "a unknown/no_answer: the hardware did not answer in time"},
		"half":             {`"apn","value":"x"`, "\r\nO", "a unknown/no_answer: the hardware did not answer in time"},
		"expected":         {`"sms","value":1`, "+SENT: {seq}\r\nOK\r\n", "a done"},
		"expected, no end": {`"sms","value":1`, "+SENT: {seq}\r\n", "a done"},
		"of another":       {`"sms","value":1`, "+SENT: 0\r\nOK\r\n", "a unknown/no_answer: the hardware did not answer in time"},
		"only the end":     {`"sms","value":1`, "OK\r\n", "a unknown/no_answer: the hardware did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.apply(d)
				go r.board().serve("\r", func(request string) string {
					if strings.HasPrefix(request, "AT+CSQ") {
						return "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"
					}
					_, seq, _ := strings.Cut(request, ",")
					return strings.ReplaceAll(tt.reply, "{seq}", seq)
				})
				time.Sleep(100 * time.Millisecond)
				r.ask(`{"id":"a","command":` + tt.command + `}`)
				time.Sleep(4 * time.Second)
				if got := untimed(r.results()); got != tt.want {
					t.Error(got)
				}
				if r.field("signal") != 20.0 {
					t.Error(r.last("state"))
				}
			})
		})
	}
}

// An answer that comes too late is never taken for the answer to something else.
func TestLateAnswer(t *testing.T) {
	d := Korad()
	d.LineEnd, d.Silence, d.Retries = "\n", 0, 0
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		b := r.board()
		var slow atomic.Bool
		go b.serve("\n", func(request string) string {
			reply := map[string]string{"VOUT1?": "12\n", "IOUT1?": "0.5\n"}[request]
			if slow.Load() && request == "VOUT1?" {
				time.AfterFunc(700*time.Millisecond, func() { _, _ = b.Write([]byte(reply)) })
				return ""
			}
			return reply
		})
		time.Sleep(100 * time.Millisecond)
		slow.Store(true)
		for range 300 {
			time.Sleep(100 * time.Millisecond)
			if v := r.field("current"); v != nil && v != 0.5 {
				t.Fatalf("the voltage was taken for the current: %v", v)
			}
		}
		if r.field("current") != 0.5 {
			t.Error("the current is asked for no more")
		}
	})
}

// A device that is switched on after the gateway gets the lines for its beginning too, even if it has only one field.
func TestInstrumentThatIsSwitchedOnLater(t *testing.T) {
	d := switchable()
	d.Fields, d.Commands = d.Fields[4:], nil
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		s := &supplyBoard{deaf: true}
		go r.board().serve("\n", s.answer)
		time.Sleep(2 * time.Minute)
		s.set(func() { s.deaf, s.asked = false, nil })
		time.Sleep(2*time.Minute + 50*time.Millisecond)
		model := r.field("model")
		s.set(func() {
			if model != "DP832" || !slices.Contains(s.asked, ":SYST:REM") {
				t.Errorf("%s: %q", r.last("state"), s.asked[:3])
			}
		})
	})
}
