package serial

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

const telnetBuffer = 512 // bytes read at once

// The commands (RFC 854) and options of telnet, and the commands of its option COM-PORT (RFC 2217). The answer to one of the
// latter has its number plus 100.
const (
	telnetIAC  = 255
	telnetDont = 254
	telnetDo   = 253
	telnetWont = 252
	telnetWill = 251
	telnetSB   = 250
	telnetSE   = 240

	optionBinary  = 0
	optionSilent  = 3 // suppress go ahead
	optionComPort = 44

	comBaud     = 1
	comDataBits = 2
	comParity   = 3
	comStopBits = 4
	comControl  = 5
	comAnswer   = 100

	noFlowControl = 1
)

// setUpTime bounds the time in which a serial server must set up its line.
const setUpTime = 3 * time.Second

// setUpServer sends the settings of the line to a serial server (RFC 2217), and returns the port once all are confirmed. The
// error is an [*Error].
func setUpServer(conn *tcpPort, c Config) (*telnetPort, error) {
	p := &telnetPort{tcpPort: conn, open: comSettings(c)}
	b := []byte{telnetIAC, telnetWill, optionBinary, telnetIAC, telnetDo, optionBinary, telnetIAC, telnetWill, optionSilent,
		telnetIAC, telnetDo, optionSilent, telnetIAC, telnetWill, optionComPort}
	for _, command := range []byte{comBaud, comDataBits, comParity, comStopBits} {
		b = appendComPort(b, command, p.open[command])
	}
	b = appendComPort(b, comControl, []byte{noFlowControl}) // not every server confirms it
	if _, err := conn.Write(b); err != nil {
		return nil, p.explain(c, err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(setUpTime)); err != nil {
		return nil, p.explain(c, err)
	}
	buf := make([]byte, telnetBuffer)
	for len(p.open) > 0 {
		if _, err := p.Read(buf); err != nil && len(p.open) > 0 { // these bytes are older than the settings
			return nil, p.explain(c, err)
		}
	}
	p.ready = true
	return p, conn.SetReadDeadline(time.Time{})
}

// comSettings are the values for the server, by command.
func comSettings(c Config) map[byte][]byte {
	parities := map[string]byte{"none": 1, "odd": 2, "even": 3, "mark": 4, "space": 5}
	return map[byte][]byte{
		comBaud:     binary.BigEndian.AppendUint32(nil, uint32(c.Baud)),
		comDataBits: {byte(c.DataBits)},
		comParity:   {parities[c.Parity]},
		comStopBits: {byte(c.StopBits)},
	}
}

func appendComPort(b []byte, command byte, value []byte) []byte {
	b = append(b, telnetIAC, telnetSB, optionComPort, command)
	return append(append(b, escapeTelnet(value)...), telnetIAC, telnetSE)
}

// escapeTelnet doubles each byte that would begin a command.
func escapeTelnet(b []byte) []byte {
	return bytes.ReplaceAll(b, []byte{telnetIAC}, []byte{telnetIAC, telnetIAC})
}

// telnetPort is a line behind a server that speaks RFC 2217. Its owner writes; the reader answers the options of the server.
type telnetPort struct {
	*tcpPort
	scan   telnetScanner
	open   map[byte][]byte // settings that the server has not confirmed, by command
	ready  bool            // it has confirmed all of them
	refuse string          // the reason why it cannot be used; ""
}

func (p *telnetPort) Write(b []byte) (int, error) { return p.WriteBy(b, WriteDeadline()) }

func (p *telnetPort) WriteBy(b []byte, by time.Time) (int, error) {
	if bytes.IndexByte(b, telnetIAC) < 0 {
		return p.tcpPort.WriteBy(b, by)
	}
	// After an error the exact number of bytes of b is unknown, because some were doubled.
	if n, err := p.tcpPort.WriteBy(escapeTelnet(b), by); err != nil {
		return min(n, len(b)), err
	}
	return len(b), nil
}

// Read reads bytes of the line. While the line is set up it may return none.
func (p *telnetPort) Read(b []byte) (int, error) {
	for {
		n, err := p.tcpPort.Read(b)
		data, commands := p.scan.take(b[:n])
		for _, t := range commands {
			if rerr := p.hear(t); rerr != nil && err == nil {
				err = rerr
			}
		}
		if len(data) > 0 || err != nil || !p.ready {
			return len(data), err
		}
	}
}

// hear handles a command of the server.
func (p *telnetPort) hear(t telnetCommand) error {
	known := t.option == optionBinary || t.option == optionSilent || t.option == optionComPort
	switch {
	case t.verb == telnetSB && t.option == optionComPort && len(t.value) > 1:
		return p.confirm(t.value[0]-comAnswer, t.value[1:])
	case t.option == optionComPort && (t.verb == telnetDont || t.verb == telnetWont):
		p.refuse = "it does not support RFC 2217"
		return errors.New(p.refuse)
	case t.verb == telnetDo && !known:
		return p.say(telnetWont, t.option)
	case t.verb == telnetWill && !known:
		return p.say(telnetDont, t.option)
	}
	return nil
}

func (p *telnetPort) say(verb, option byte) error {
	_, err := p.tcpPort.Write([]byte{telnetIAC, verb, option})
	return err
}

// confirm notes a setting that the server confirms. The error is that it has set up another one.
func (p *telnetPort) confirm(command byte, value []byte) error {
	want, asked := p.open[command]
	if !asked {
		return nil
	}
	if !bytes.Equal(value, want) {
		p.refuse = fmt.Sprintf("it cannot set up %s as wanted", [...]string{comBaud: "the speed", comDataBits: "the data bits",
			comParity: "the parity", comStopBits: "the stop bits"}[command])
		return errors.New(p.refuse)
	}
	delete(p.open, command)
	return nil
}

// explain is the error of a line that cannot be set up.
func (p *telnetPort) explain(c Config, err error) error {
	e := &Error{What: fmt.Sprintf("the serial server %s cannot be set up", c.ServerAddress()), Err: err,
		Try: "use tcp:// if it passes raw bytes at this port, and set up its line there"}
	switch {
	case p.refuse != "":
		e.What += ": " + p.refuse
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.What += ": its answers do not follow RFC 2217"
	}
	return e
}
