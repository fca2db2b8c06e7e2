package status

import (
	"fmt"
	"strings"
	"time"
)

const (
	fullDisk    = 50 << 20 // bytes left, below which the journal of commands may soon find no room
	certificate = 14 * 24 * time.Hour
	fullShown   = time.Hour
	lately      = time.Minute
	fewBytes    = 256 // may be the half of a frame with which a port begins
	fewPolls    = 20  // a single one without an answer means nothing
	manyGuesses = 20  // fewer are a person or a device with an old password
)

// Judge fills in [Snapshot].Problems: everything that needs the attention of a person, the worst first.
func (s *Snapshot) Judge() {
	s.Problems = []Problem{}
	say := func(try, what string, args ...any) {
		s.Problems = append(s.Problems, Problem{fmt.Sprintf(what, args...), try})
	}
	if s.Refusing != "" {
		say("the log says since when, and what to do; journalctl -u minirelay -e shows it", "%s", s.Refusing)
	}
	s.portProblems(say)
	for _, d := range s.Devices {
		if d.Online && len(d.Missed) > 0 {
			say(fmt.Sprintf("check their keys or registers, min and max; minirelay watch %s shows what the board sends", d.Port),
				"device %s: %s", d.Device, strings.Join(d.Missed, "; "))
		}
	}
	for _, d := range s.Devices {
		if p := d.Polls; d.Online && p != nil && p.Recent >= fewPolls && p.Missed*10 >= p.Recent {
			say(fmt.Sprintf("check wires, termination and ground of the bus, and the timeout; minirelay watch %s shows each request", d.Port),
				"device %s has left %d of the last %d requests unanswered", d.Device, p.Missed, p.Recent)
		}
	}
	for _, p := range s.Ports {
		if bad := p.Noise + p.Overlong + p.Damaged; bad > 100 && bad > p.Frames/10 {
			say("check baud rate, ground and the length of the cable", "port %s: %d of %d frames were unreadable", p.Port, bad, bad+p.Frames)
		}
	}
	for _, p := range s.Ports {
		if p.Foreign > 0 {
			say("a Modbus line has one master: let the other one read from the gateway, or from another port of the hardware",
				"port %s: another master also sends requests: %d so far", p.Port, p.Foreign)
		}
	}
	switch {
	case s.Config.Fallback:
		say("put it right: it is used at once; minirelay check -c "+s.Config.Path+" shows its faults", "%s", s.Config.Why)
	case s.Config.Faults > 0:
		say("minirelay check -c "+s.Config.Path+" shows what is wrong", "the configuration on the disk has %s; the last valid one is in use", count(s.Config.Faults, "1 fault", "%d faults"))
	}
	if s.Log.Unread > 0 {
		say("is its terminal stopped (Ctrl-Q continues it), or its reader hung? the gateway works on without it",
			"nothing has read the log %s; %d lines were dropped", ago(s.Now, s.Log.Unread), s.Log.Dropped)
	}
	s.Problems = append(s.Problems, s.Broker.Certificate...)
	if e := s.Broker.CertificateExpires; e > 0 && e-s.Now < certificate.Milliseconds() {
		say("renew it; with mode = \"files\" a new one is used at once", "the certificate expires on %s", time.UnixMilli(e).Format(time.DateOnly))
	}
	switch {
	case s.Broker.Crowded && s.Broker.Capped:
		say("raise LimitNOFILE of the service", "the broker has as many clients as the file descriptors permit")
	case s.Broker.Crowded:
		say("raise [broker] max_clients", "the broker has reached its maximum number of clients")
	}
	if g := s.Broker.Guesses; g.Recent >= manyGuesses {
		say("nothing is lost: they are slowed down, and phones that are known are let in; docs/security.md says how to keep them out",
			"passwords are being guessed: in 15 minutes %d logins were not looked at, most of them from %s as user %q", g.Recent, g.From, g.For)
	}
	for _, f := range s.Broker.Full {
		if since := s.Now - f.Last; since < fullShown.Milliseconds() {
			say("one of them does not read or acknowledge its messages, subscribes without end, or leaves too many retained messages; the log names it",
				"the clients of user %s have used up the memory for one user, the last time %s ago", f.User, span(time.Duration(since)*time.Millisecond))
		}
	}
	s.upstreamProblems(say)
	s.fleetProblems(say)
	s.machineProblems(say)
}

// portProblems are those of ports that are closed and of devices that are offline.
func (s *Snapshot) portProblems(say func(try, what string, args ...any)) {
	open := map[string]*Port{}
	for i, p := range s.Ports {
		if p.Open {
			open[p.Port] = &s.Ports[i]
			continue
		}
		trouble := p.Trouble
		if trouble == "" {
			trouble = "it has not been opened yet"
		}
		say("minirelay ports lists the adapters", "port %s is not usable: %s", p.Port, trouble)
	}
	heard := map[string]int64{} // when the newest valid frame came, by port
	for _, d := range s.Devices {
		heard[d.Port] = max(heard[d.Port], d.Heard)
	}
	for _, d := range s.Devices {
		p := open[d.Port]
		switch {
		case d.Online || p == nil: // one line is enough for a port that is gone
		case s.garbled(&d, p, heard[d.Port]):
			say(fmt.Sprintf("check the baud rate, the parity and the codec; minirelay scan %s tries them", p.Path),
				"device %s is offline %s: bytes arrive on port %s, but it understands none of them", d.Device, ago(s.Now, d.Since), d.Port)
		default:
			say(fmt.Sprintf("check its power and cable; minirelay watch %s shows its data", d.Port), "device %s is offline %s",
				d.Device, ago(s.Now, d.Since))
		}
	}
}

// garbled reports whether bytes arrive for a device that is offline, and no valid frame among them. Bytes that end no frame
// count too, except on a line of polled devices, where they may be the echo of the requests.
func (s *Snapshot) garbled(d *Device, p *Port, heard int64) bool {
	now := p.LastByte > heard && s.Now-p.LastByte < lately.Milliseconds()
	return now && (p.Noise+p.Overlong+p.Damaged > 0 || d.Polls == nil && p.Frames == 0 && p.Received > fewBytes)
}

func (s *Snapshot) machineProblems(say func(try, what string, args ...any)) {
	m := s.Machine
	if m.DiskSize > 0 && m.DiskFree < fullDisk {
		say("free some space; without it commands are refused, because their ids cannot be remembered", "the disk of %s has only %s left", m.DataDir, size(m.DiskFree))
	}
	if !m.ClockSet {
		say("give it access to a time server; the times of readings are wrong until then", "the clock of this machine is not set")
	}
	if len(m.Throttled) > 0 {
		say("use a better power supply and cable, or cool it", "the Raspberry Pi reports: %s", strings.Join(m.Throttled, "; "))
	}
	if m.FileLimit > 0 && m.Files > m.FileLimit*9/10 {
		say("raise LimitNOFILE of the service", "%d of %d file descriptors are in use", m.Files, m.FileLimit)
	}
}

func count(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(several, n)
}

// ago returns the time since at, in words.
func ago(now, at int64) string {
	if at == 0 {
		return "since the start"
	}
	return "for " + span(time.Duration(now-at)*time.Millisecond)
}

// span formats a duration for people.
func span(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", max(d, 0).Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// size formats a number of bytes for people.
func size(n uint64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n < 10_000_000_000:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
	return fmt.Sprintf("%.0f GB", float64(n)/1e9)
}
