package serial

import "bytes"

// telnetCommand is a command of a telnet server among the bytes of the line.
type telnetCommand struct {
	verb   byte // WILL, WONT, DO, DONT or SB
	option byte
	value  []byte // of SB
}

// telnetScanner separates the bytes of a line from a server's commands, however they arrive.
type telnetScanner struct {
	state telnetState
	verb  byte
	sub   []byte
}

type telnetState uint8

const (
	telnetData    telnetState = iota
	telnetEscape              // behind an IAC
	telnetOption              // behind WILL, WONT, DO or DONT
	telnetSub                 // within SB … SE
	telnetSubEnds             // behind an IAC in there
)

// maxSub bounds a sub-negotiation, in bytes. The longest one of RFC 2217 is a signature, which is not needed.
const maxSub = 256

// take removes the commands from b. data is the rest, in the memory of b.
func (s *telnetScanner) take(b []byte) (data []byte, commands []telnetCommand) {
	data = b[:0]
	for _, c := range b {
		switch s.state {
		case telnetData:
			if c == telnetIAC {
				s.state = telnetEscape
			} else {
				data = append(data, c)
			}
		case telnetEscape:
			s.state = telnetData
			switch {
			case c == telnetIAC:
				data = append(data, c)
			case c == telnetSB:
				s.state, s.sub = telnetSub, s.sub[:0]
			case c >= telnetWill:
				s.state, s.verb = telnetOption, c
			}
		case telnetOption:
			s.state = telnetData
			commands = append(commands, telnetCommand{verb: s.verb, option: c})
		case telnetSub:
			if c == telnetIAC {
				s.state = telnetSubEnds
			} else if len(s.sub) < maxSub {
				s.sub = append(s.sub, c)
			}
		case telnetSubEnds:
			s.state = telnetSub
			if c == telnetIAC && len(s.sub) < maxSub {
				s.sub = append(s.sub, c)
			} else if c != telnetIAC {
				s.state = telnetData
				if len(s.sub) > 0 {
					commands = append(commands, telnetCommand{telnetSB, s.sub[0], bytes.Clone(s.sub[1:])})
				}
			}
		}
	}
	return data, commands
}
