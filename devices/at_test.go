package devices

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"minirelay/devices/codec"

	"minirelay/devices/mapping"

	"minirelay/devices/wire"

	"minirelay/relay"
)

func asks(request string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Request = request }
}
func says(answer string) func(*mapping.FieldConfig) {
	return func(f *mapping.FieldConfig) { f.Answer = answer }
}

func atDevice(fields ...mapping.FieldConfig) mapping.DeviceConfig {
	d := device(fields...)
	d.Codec = "at"
	return d
}

func modem() mapping.DeviceConfig {
	d := atDevice(
		field("signal", relay.TypeNumber, asks("AT+CSQ"), says(`^\+CSQ: (\d+),`)),
		field("quality", relay.TypeNumber, asks("AT+CSQ"), says(`^\+CSQ: \d+,(?P<value>\d+)`), plausible(0, 7)),
		field("registered", relay.TypeEnum, asks("AT+CREG?"), says(`^\+CREG: \d,(\d)`), values("no", "0", "home", "1", "roaming", "5")),
		field("operator", relay.TypeText, asks("AT+COPS?"), says(`^\+COPS: \d,\d,"(.*)"`)),
		field("temperature", relay.TypeNumber, asks("AT+QTEMP"), says(`^\+QTEMP: (\d+)`)))
	d.LineEnd, d.Until, d.Ignore = "\r", "^OK$", "^RING$"
	return d
}

func supply() mapping.DeviceConfig {
	all := ":MEAS:ALL? CH1"
	d := atDevice(
		field("voltage", relay.TypeNumber, asks(all), column(1)), field("current", relay.TypeNumber, asks(all), column(2)), field("power", relay.TypeNumber, asks(all), column(3)),
		field("output", relay.TypeBool, asks(":OUTP? CH1"), values("true", "ON", "false", "OFF")),
		field("model", relay.TypeText, asks("*IDN?"), column(2)))
	d.LineEnd = "\n"
	return d
}

func korad() mapping.DeviceConfig {
	d := atDevice(field("voltage", relay.TypeNumber, asks("VOUT1?")), field("current", relay.TypeNumber, asks("IOUT1?")))
	d.LineEnd, d.Silence = "", 50*time.Millisecond
	return d
}

// Documented exchanges give what stands below them, however the bytes of the answer arrive.
func TestRecordedAnswers(t *testing.T) {
	devices := map[string]mapping.DeviceConfig{"modem": modem(), "supply": supply(), "korad": korad()}
	files, err := filepath.Glob("testdata/at/*.txt")
	if err != nil || len(files) != len(devices) {
		t.Fatalf("%d files for %d mappings (%v)", len(files), len(devices), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if problems := CheckDevice(devices[name]); len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, pieces := range []int{1, 3, 1000} {
			t.Run(fmt.Sprintf("%s/%d", name, pieces), func(t *testing.T) {
				var request, answer string
				for line := range strings.Lines(string(text)) {
					line = strings.TrimSuffix(line, "\n")
					switch {
					case strings.HasPrefix(line, "#"):
					case strings.HasPrefix(line, "> "):
						request = line[2:]
					case strings.HasPrefix(line, "< "):
						if answer, err = strconv.Unquote(line[2:]); err != nil {
							t.Fatal(err)
						}
					default:
						if got := answered(t, devices[name], request, answer, pieces); got != line {
							t.Errorf("%s: %q\n got %s\nwant %s", request, answer, got, line)
						}
					}
				}
			})
		}
	}
}

// answered gives what becomes of an answer that arrives in pieces of n bytes.
func answered(t *testing.T, d mapping.DeviceConfig, request, answer string, n int) string {
	t.Helper()
	var count wire.Counters
	count.Tap.On.Store(true)
	a := newAT(d, &count)
	i := slices.IndexFunc(a.Queries(), func(q *codec.Query) bool { return q.Name == request })
	if i < 0 {
		t.Fatalf("%s is never asked", request)
	}
	q := a.Queries()[i]
	if want := request + d.LineEnd; string(q.Request) != want {
		t.Errorf("%q is written instead of %q", q.Request, want)
	}
	var r codec.Response
	v := codec.NoAnswer
	for end := 0; end < len(answer) && v == codec.NoAnswer; {
		end = min(end+n, len(answer))
		count.Tap.Forget()
		r, v = q.Answer([]byte(answer[:end]), false)
	}
	if v == codec.NoAnswer && d.Silence > 0 {
		r, v = q.Answer([]byte(answer), true)
	}
	switch v {
	case codec.NoAnswer:
		return "waits"
	case codec.Refused:
		return "refused: " + r.Refusal
	}
	var out []string
	for _, reading := range r.Readings {
		out = append(out, d.Fields[reading.Field].ID+"="+reading.Value.String())
	}
	if why := strings.Join(count.Tap.Why, "; "); why != "" {
		out = append(out, "! "+why)
	}
	return strings.Join(out, " ")
}

// serve makes the board answer each line that ends with end. What answer gives is written as it is.
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

// supplyBoard is the supply as a board, with an output that can be switched, and is deaf when it is told so.
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
	d := supply()
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

// An instrument that says nothing to a command is read back.
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
	d := modem()
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
	d := korad()
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

func TestCheckAT(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*mapping.DeviceConfig)
		want   string
	}{
		"good":       {func(d *mapping.DeviceConfig) {}, ""},
		"request":    {func(d *mapping.DeviceConfig) { d.Fields[0].Request = "" }, `field "a": request: nothing says what asks for it; write the line that the device reads, as in request = "MEAS:VOLT?"`},
		"line end":   {func(d *mapping.DeviceConfig) { d.Fields[0].Request = "V?\n" }, `field "a": request: "V?\n" holds a line end; leave it out: line_end of the device is added to each line`},
		"init":       {func(d *mapping.DeviceConfig) { d.Init = []string{"ATE0\r"} }, `init: "ATE0\r" holds a line end; leave it out: line_end of the device is added to each line`},
		"answer":     {func(d *mapping.DeviceConfig) { d.Fields[0].Answer = "(" }, "field \"a\": answer: it is no regular expression: missing closing ): `(`; a plain text needs \\ in front of ( ) [ ] { } . * + ? ^ $ |"},
		"until":      {func(d *mapping.DeviceConfig) { d.Until = "(OK)?" }, `until: it fits every line, even an empty one; write what the line must hold, as in '^OK$'`},
		"both":       {func(d *mapping.DeviceConfig) { d.Fields[0].Answer, d.Fields[0].Column = "a(b)", 2 }, `field "a": column: answer says already where in the line it stands; keep one of the two`},
		"silence":    {func(d *mapping.DeviceConfig) { d.Silence = time.Second }, `silence: it is 1s, and the device is waited for only 500ms; make it shorter: some ten characters take 10ms at 9600 baud`},
		"terminator": {func(d *mapping.DeviceConfig) { d.Terminator = "。" }, `terminator: "。" holds something else than ASCII characters; write each character that may end a line, as in "\n" or ";"`},
		"comma":      {func(d *mapping.DeviceConfig) { d.DecimalComma, d.Fields[0].Column = true, 1 }, `decimal_comma: the comma separates the columns already; name what does in separator, as in separator = ";"`},
		"only no":    {func(d *mapping.DeviceConfig) { d.Commands[0].Refuse = "^E" }, `command "c": refuse: silence is no answer to that: nothing says what a yes looks like; add expect, or until in the device, or leave it out`},
		"no and end": {func(d *mapping.DeviceConfig) { d.Commands[0].Refuse, d.Until = "^E", "^OK$" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := atDevice(field("a", relay.TypeNumber, asks("A?")))
			c := mapping.DefaultCommand()
			c.ID, c.Type, c.Send = "c", relay.TypeNone, "RESET"
			d.Commands = []mapping.CommandConfig{c}
			tt.change(&d)
			var got []string
			for _, p := range CheckDevice(d) {
				got = append(got, p.String())
			}
			if strings.Join(got, " | ") != tt.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), tt.want)
			}
		})
	}
}

// The law: whatever comes unasked in front of it, an answer is found, and nothing else is taken for it before.
func FuzzAnswerBehindNoise(f *testing.F) {
	f.Add("RING\r\n\r\n+CREG: 1\r\n", uint8(17))
	f.Add("AT+CSQ\r", uint8(0))
	f.Add("\x00\xff+CSQ: ,\r\nO", uint8(31))
	f.Fuzz(func(t *testing.T, noise string, signal uint8) {
		for line := range strings.FieldsFuncSeq(noise, func(r rune) bool { return r == '\r' || r == '\n' }) {
			if line = strings.TrimSpace(line); line == "OK" || line == "ERROR" || strings.HasPrefix(line, "+CM") || strings.HasPrefix(line, "+CSQ: ") {
				t.Skip()
			}
		}
		a := newAT(modem(), new(wire.Counters))
		q := a.Queries()[0]
		answer := fmt.Sprintf("\r\n+CSQ: %d,99\r\n\r\nOK\r\n", signal)
		if _, v := q.Answer([]byte(noise), false); v != codec.NoAnswer {
			t.Fatalf("%q was taken for an answer", noise)
		}
		r, v := q.Answer([]byte(noise+answer), false)
		if v != codec.Fits || r.Readings[0].Value != relay.NumberValue(float64(signal)) {
			t.Errorf("%q: %v %v", noise, v, r.Readings)
		}
	})
}

// A device that is switched on after the gateway hears the lines for its beginning too, even if it has only one field.
func TestInstrumentThatIsSwitchedOnLater(t *testing.T) {
	d := switchable()
	d.Fields, d.Commands = d.Fields[4:], nil
	inBubble(t, func(t *testing.T, r *rig) {
		r.apply(d)
		s := &supplyBoard{deaf: true}
		go r.board().serve("\n", s.answer)
		time.Sleep(2 * time.Minute)
		s.set(func() { s.deaf, s.asked = false, nil })
		time.Sleep(2 * time.Minute)
		s.set(func() {
			if r.field("model") != "DP832" || !slices.Contains(s.asked, ":SYST:REM") {
				t.Errorf("%s: %q", r.last("state"), s.asked[:3])
			}
		})
	})
}
