package status

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"minirelay/locale"
)

// Write shows the snapshot on one screen.
func (s *Snapshot) Write(w io.Writer, lang locale.Language) error {
	p := &page{lang: lang}
	s.write(p)
	_, err := io.WriteString(w, p.String())
	return err
}

// page is a screen of text in a language.
type page struct {
	strings.Builder
	lang locale.Language
}

func (p *page) printf(format string, args ...any) { p.WriteString(p.lang.Sprintf(format, args...)) }

// table adds a table after an empty line.
func (p *page) table(t *locale.Table) {
	p.WriteByte('\n')
	t.Write(p, 2)
}

func (s *Snapshot) write(p *page) {
	state := "ready"
	if !s.Ready {
		state = "starting: not every port has been tried yet"
	}
	p.printf("gateway %s, minirelay %s, running for %s, %s\n", s.Gateway, s.Version, span(time.Duration(s.Now-s.Started)*time.Millisecond), p.lang.Text(state))
	p.printf("%s\n", strings.Join(s.Addresses, "  "))
	s.writePorts(p)
	s.writeDevices(p)
	s.writeUpstreams(p)
	s.writeFleet(p)
	s.writeTraffic(p)
	s.writeMachine(p)
	if len(s.Problems) == 0 {
		p.printf("\nall is well\n")
		if len(s.Ports)+len(s.Devices)+len(s.Gateways) == 0 {
			p.printf("no device is described yet: sudo minirelay init asks for those on this machine\n")
		}
		return
	}
	p.printf("\nneeds attention:\n")
	for _, problem := range s.Problems {
		p.printf("  %s\n    hint: %s\n", p.lang.Text(problem.What), p.lang.Text(problem.Try))
	}
}

func (s *Snapshot) writePorts(p *page) {
	if len(s.Ports) == 0 {
		return
	}
	var t locale.Table
	t.Head(p.lang.Text("PORT\tSTATE\tFRAMES\tUNREADABLE\tUNANSWERED\tPATH"))
	for _, port := range s.Ports {
		state := "open"
		if !port.Open {
			state = "closed"
		}
		t.Row(port.Port, p.lang.Text(state), fmt.Sprint(port.Frames), fmt.Sprint(port.Noise+port.Overlong+port.Damaged), fmt.Sprint(port.Unanswered), port.Path)
	}
	p.table(&t)
}

func (s *Snapshot) writeDevices(p *page) {
	if len(s.Devices) == 0 {
		return
	}
	var t locale.Table
	t.Head(p.lang.Text("DEVICE\tSTATE\tLAST\tVALUES"))
	for _, d := range s.Devices {
		state, last := "online", "never"
		if !d.Online {
			state = "offline"
		}
		if d.Heard > 0 {
			last = fmt.Sprintf("%s ago", span(time.Duration(s.Now-d.Heard)*time.Millisecond))
		}
		t.Row(d.Device, p.lang.Text(state), p.lang.Text(last), values(d.State))
	}
	p.table(&t)
}

const (
	maxValues = 100 // characters of a device's values that fit in its line
	maxText   = 40  // of one text among them, which a long one must not fill a line of its own with
)

// values formats a state for people: temperature 21.5, pump off.
func values(state json.RawMessage) string {
	dec := json.NewDecoder(strings.NewReader(string(state)))
	dec.UseNumber()
	var b strings.Builder
	if _, err := dec.Token(); err != nil {
		return ""
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return b.String()
		}
		var v any
		if dec.Decode(&v) != nil {
			return b.String()
		}
		if key == "ts" {
			continue
		}
		if b.Len() > maxValues {
			return b.String() + " …"
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		switch text, ok := v.(string); {
		case v == nil:
			v = "—"
		case ok && utf8.RuneCountInString(text) > maxText:
			v = string([]rune(text)[:maxText]) + "…"
		}
		fmt.Fprintf(&b, "%v %v", key, v)
	}
	return b.String()
}

func (s *Snapshot) writeTraffic(p *page) {
	b := s.Broker
	p.printf("\nclients %d of %d, messages in %d, out %d, %s waiting for slow ones\n", b.Clients, b.MaxClients, b.MessagesIn,
		b.MessagesOut, size(b.Buffered))
	if len(s.Commands) > 0 {
		var parts []string
		for _, c := range s.Commands {
			end := c.Status
			if c.Code != "" {
				end += "/" + c.Code
			}
			parts = append(parts, fmt.Sprintf("%s %d", end, c.Count))
		}
		p.printf("commands %s\n", strings.Join(parts, ", "))
	}
	var refused []string
	for what, n := range b.Refusals {
		refused = append(refused, fmt.Sprintf("%s %d", what, n))
	}
	if sort.Strings(refused); len(refused) > 0 {
		p.printf("refused %s\n", strings.Join(refused, ", "))
	}
}

func (s *Snapshot) writeMachine(p *page) {
	m := s.Machine
	var parts []string
	if m.Model != "" {
		parts = append(parts, m.Model)
	}
	parts = append(parts, fmt.Sprintf("memory %s", size(m.Memory)),
		fmt.Sprintf("%s free of %s on the disk of %s", size(m.DiskFree), size(m.DiskSize), m.DataDir))
	if m.Celsius > 0 {
		parts = append(parts, fmt.Sprintf("processor %.0f °C", m.Celsius))
	}
	if m.DiskWear > 0 {
		parts = append(parts, fmt.Sprintf("%d %% of its life used", m.DiskWear))
	}
	p.printf("%s\n", p.lang.Clauses(parts...))
}
