package status

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"
	"time"
)

// Write shows the snapshot on one screen.
func (s *Snapshot) Write(w io.Writer) error {
	state := "ready"
	if !s.Ready {
		state = "starting: not every port has been tried yet"
	}
	fmt.Fprintf(w, "gateway %s, minirelay %s, running for %s, %s\n", s.Gateway, s.Version, span(time.Duration(s.Now-s.Started)*time.Millisecond), state)
	fmt.Fprintf(w, "%s\n", strings.Join(s.Addresses, "  "))
	s.writePorts(w)
	s.writeDevices(w)
	s.writeUpstreams(w)
	s.writeTraffic(w)
	s.writeMachine(w)
	if len(s.Problems) == 0 {
		_, err := fmt.Fprint(w, "\nall is well\n")
		return err
	}
	fmt.Fprint(w, "\nto look at:\n")
	for _, p := range s.Problems {
		if _, err := fmt.Fprintf(w, "  %s\n    hint: %s\n", p.What, p.Try); err != nil {
			return err
		}
	}
	return nil
}

func (s *Snapshot) writePorts(w io.Writer) {
	if len(s.Ports) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PORT\tSTATE\tFRAMES\tUNREADABLE\tUNANSWERED\tPATH")
	for _, p := range s.Ports {
		state := "open"
		if !p.Open {
			state = "closed"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\n", p.Port, state, p.Frames, p.Noise+p.Overlong+p.Damaged, p.Unanswered, p.Path)
	}
	t.Flush()
}

func (s *Snapshot) writeDevices(w io.Writer) {
	if len(s.Devices) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "DEVICE\tSTATE\tLAST\tVALUES")
	for _, d := range s.Devices {
		state, last := "online", "never"
		if !d.Online {
			state = "offline"
		}
		if d.Heard > 0 {
			last = span(time.Duration(s.Now-d.Heard)*time.Millisecond) + " ago"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d.Device, state, last, values(d.State))
	}
	t.Flush()
}

// maxValues is how many characters of a device's values are shown in its line.
const maxValues = 100

// values writes a state as people read it: temperature 21.5, pump off.
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
		if v == nil {
			v = "—"
		}
		fmt.Fprintf(&b, "%v %v", key, v)
	}
	return b.String()
}

func (s *Snapshot) writeTraffic(w io.Writer) {
	b := s.Broker
	fmt.Fprintf(w, "\nclients %d of %d, messages in %d, out %d, %s waiting for slow ones\n", b.Clients, b.MaxClients, b.MessagesIn,
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
		fmt.Fprintf(w, "commands %s\n", strings.Join(parts, ", "))
	}
	var refused []string
	for what, n := range b.Refusals {
		refused = append(refused, fmt.Sprintf("%s %d", what, n))
	}
	if sort.Strings(refused); len(refused) > 0 {
		fmt.Fprintf(w, "refused %s\n", strings.Join(refused, ", "))
	}
}

func (s *Snapshot) writeMachine(w io.Writer) {
	m := s.Machine
	model := ""
	if m.Model != "" {
		model = m.Model + ", "
	}
	fmt.Fprintf(w, "%smemory %s, %s free of %s on the disk of %s", model, size(m.Memory), size(m.DiskFree), size(m.DiskSize), m.DataDir)
	if m.Celsius > 0 {
		fmt.Fprintf(w, ", processor %.0f °C", m.Celsius)
	}
	if m.DiskWear > 0 {
		fmt.Fprintf(w, ", %d %% of its life used", m.DiskWear)
	}
	fmt.Fprintln(w)
}
