package status

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Metrics writes the snapshot in the text format of Prometheus, with the metrics of the process and of Go under their
// usual names.
func (s *Snapshot) Metrics(w io.Writer) {
	e := &exposition{w: w}
	e.gauge("minirelay_build_info", "Version of this binary; always 1.", 1, "version", s.Version, "commit", s.Commit, "go", s.Go)
	e.gauge("minirelay_start_time_seconds", "Unix time at which the gateway started.", float64(s.Started)/1000)
	e.gauge("minirelay_ready", "Whether every configured port has been tried.", truth(s.Ready))
	e.gauge("minirelay_config_loaded_time_seconds", "Unix time at which the configuration in use was read.", float64(s.Config.Loaded)/1000)
	e.gauge("minirelay_config_faults", "Faults of the configuration on the disk; with any, the last valid one is in use.", float64(s.Config.Faults))
	e.gauge("minirelay_config_fallback", "Whether the gateway was started with the last good configuration, because the one on the disk could not be used.", truth(s.Config.Fallback))
	e.number("minirelay_log_dropped_lines_total", "Lines of the log that were dropped, because nothing read it.", float64(s.Log.Dropped))
	s.portMetrics(e)
	s.deviceMetrics(e)
	s.commandMetrics(e)
	s.brokerMetrics(e)
	s.upstreamMetrics(e)
	s.upstreamStateMetrics(e)
	s.fleetMetrics(e)
	s.machineMetrics(e)
	s.processMetrics(e)
}

func (s *Snapshot) portMetrics(e *exposition) {
	for _, m := range []struct {
		name, help string
		value      func(*Port) float64
	}{
		{"minirelay_port_open", "Whether the port is open.", func(p *Port) float64 { return truth(p.Open) }},
		{"minirelay_port_baud", "Configured speed of the line in bit/s; ten bits make a byte.", func(p *Port) float64 { return float64(p.Baud) }},
		{"minirelay_port_received_bytes_total", "Bytes read from the port.", func(p *Port) float64 { return float64(p.Received) }},
		{"minirelay_port_sent_bytes_total", "Bytes written to the port.", func(p *Port) float64 { return float64(p.Sent) }},
		{"minirelay_port_frames_total", "Valid frames: readings and answers.", func(p *Port) float64 { return float64(p.Frames) }},
		{"minirelay_port_noise_frames_total", "Frames that belong to no device of the port.", func(p *Port) float64 { return float64(p.Noise) }},
		{"minirelay_port_overlong_frames_total", "Frames that were too long.", func(p *Port) float64 { return float64(p.Overlong) }},
		{"minirelay_port_damaged_frames_total", "Frames whose checksum is wrong or missing.", func(p *Port) float64 { return float64(p.Damaged) }},
		{"minirelay_port_implausible_values_total", "Values that were invalid and became null.", func(p *Port) float64 { return float64(p.Implausible) }},
		{"minirelay_port_late_answers_total", "Answers without a waiting command.", func(p *Port) float64 { return float64(p.Late) }},
		{"minirelay_port_unanswered_requests_total", "Requests without an answer in time.", func(p *Port) float64 { return float64(p.Unanswered) }},
		{"minirelay_port_unknown_frames_total", "Valid frames of an unknown kind.", func(p *Port) float64 { return float64(p.Unknown) }},
		{"minirelay_port_foreign_requests_total", "Requests of another master on the line.", func(p *Port) float64 { return float64(p.Foreign) }},
		{"minirelay_port_reopenings_total", "How often the port was opened again.", func(p *Port) float64 { return float64(p.Reopened) }},
	} {
		for i := range s.Ports {
			e.number(m.name, m.help, m.value(&s.Ports[i]), "port", s.Ports[i].Port)
		}
	}
	for _, p := range s.Ports {
		if p.Busy != nil {
			e.number("minirelay_port_busy_seconds_total", "Time in which the line was occupied: characters at its speed, and silences and waits for answers. "+
				"Its rate is the load of the line, 0 to 1.", *p.Busy, "port", p.Port)
		}
	}
}

func (s *Snapshot) deviceMetrics(e *exposition) {
	for _, d := range s.Devices {
		e.gauge("minirelay_device_online", "Whether the device is online.", truth(d.Online), "device", d.Device, "port", d.Port)
	}
	for _, d := range s.Devices {
		if d.Heard > 0 {
			e.gauge("minirelay_device_reading_age_seconds", "Age of the newest valid frame; absent if there was none.",
				float64(s.Now-d.Heard)/1000, "device", d.Device, "port", d.Port)
		}
	}
	for _, d := range s.Devices {
		e.number("minirelay_device_states_total", "Published states.", float64(d.States), "device", d.Device, "port", d.Port)
	}
	for _, m := range []struct {
		name, help string
		value      func(*Polls) uint64
	}{
		{"minirelay_device_polls_total", "Requests to a device that is asked, for readings and for commands, each repetition counted.", func(p *Polls) uint64 { return p.Asked }},
		{"minirelay_device_timeouts_total", "Of these requests, those that found no answer in time.", func(p *Polls) uint64 { return p.Timeouts }},
		{"minirelay_device_refusals_total", "Of these requests, those that the device refused.", func(p *Polls) uint64 { return p.Refusals }},
		{"minirelay_device_damaged_answers_total", "Answers that were damaged on their way.", func(p *Polls) uint64 { return p.Damaged }},
	} {
		for _, d := range s.Devices {
			if d.Polls != nil {
				e.number(m.name, m.help, float64(m.value(d.Polls)), "device", d.Device, "port", d.Port)
			}
		}
	}
}

func (s *Snapshot) commandMetrics(e *exposition) {
	for _, c := range s.Commands {
		e.number("minirelay_commands_total", "Commands by result.", float64(c.Count), "status", c.Status, "code", c.Code)
	}
	const name = "minirelay_command_duration_seconds"
	e.head(name, "Time from accepting a command to its result, of those that reached the hardware.", "histogram")
	total := uint64(0)
	for i, n := range s.Took.Counts {
		total += n
		bound := "+Inf"
		if i < len(s.Took.Bounds) {
			bound = strconv.FormatFloat(s.Took.Bounds[i], 'g', -1, 64)
		}
		e.line(name+"_bucket", float64(total), "le", bound)
	}
	e.line(name+"_sum", s.Took.Sum)
	e.line(name+"_count", float64(total))
}

func (s *Snapshot) brokerMetrics(e *exposition) {
	b := s.Broker
	e.gauge("minirelay_broker_clients", "Clients that are connected.", float64(b.Clients))
	e.gauge("minirelay_broker_max_clients", "Clients that may be connected.", float64(b.MaxClients))
	e.gauge("minirelay_broker_sessions", "Sessions, with those of clients that are away.", float64(b.Sessions))
	e.gauge("minirelay_broker_retained_messages", "Retained messages.", float64(b.Retained))
	e.gauge("minirelay_broker_buffered_bytes", "Bytes that wait for slow clients.", float64(b.Buffered))
	e.gauge("minirelay_broker_held_bytes", "Memory that clients make the broker hold: what waits for them, their subscriptions and sessions.", float64(b.Held))
	e.gauge("minirelay_broker_max_held_bytes", "Memory that clients may make the broker hold.", float64(b.MaxHeld))
	for _, f := range b.Full {
		e.number("minirelay_broker_full_total", "How often a user has reached the bounds of the memory for one user.", float64(f.Times), "user", f.User)
	}
	e.gauge("minirelay_broker_waiting_messages", "Messages of the gateway that the broker has not taken yet.", float64(b.Waiting))
	e.number("minirelay_broker_received_messages_total", "Publishes of clients.", float64(b.MessagesIn))
	e.number("minirelay_broker_sent_messages_total", "Deliveries to clients.", float64(b.MessagesOut))
	e.number("minirelay_broker_received_bytes_total", "Bytes of MQTT from clients.", float64(b.BytesIn))
	e.number("minirelay_broker_sent_bytes_total", "Bytes of MQTT to clients.", float64(b.BytesOut))
	e.number("minirelay_broker_pulses_total", "Messages of the broker to itself that arrived.", float64(b.Pulses))
	e.number("minirelay_broker_missed_pulses_total", "Messages of the broker to itself that did not arrive in time.", float64(b.Missed))
	for _, reason := range slices.Sorted(maps.Keys(b.Disconnections)) {
		e.number("minirelay_broker_disconnections_total", "Ended connections by reason.", float64(b.Disconnections[reason]), "reason", reason)
	}
	for _, what := range slices.Sorted(maps.Keys(b.Refusals)) {
		e.number("minirelay_broker_refusals_total", "Refused requests of clients.", float64(b.Refusals[what]), "what", what)
	}
	for _, g := range []struct {
		result string
		n      uint64
	}{{"wrong", b.Guesses.Wrong}, {"too_fast", b.Guesses.TooFast}, {"held", b.Guesses.Held}} {
		e.number("minirelay_broker_guesses_total", "Logins with a wrong password; not looked at, after too many of them; made to wait for their turn.",
			float64(g.n), "result", g.result)
	}
	e.gauge("minirelay_broker_slowed_places", "Addresses and users whose next password has to wait.", float64(b.Guesses.Slowed))
	if b.CertificateExpires > 0 {
		e.gauge("minirelay_certificate_expiry_time_seconds", "Unix time at which the certificate ends.", float64(b.CertificateExpires)/1000)
	}
}

func (s *Snapshot) machineMetrics(e *exposition) {
	m := s.Machine
	e.gauge("minirelay_disk_free_bytes", "Bytes free where the data directory lies.", float64(m.DiskFree))
	e.gauge("minirelay_disk_size_bytes", "Size of the file system of the data directory.", float64(m.DiskSize))
	e.gauge("minirelay_clock_set", "Whether the clock of the machine has been set.", truth(m.ClockSet))
	e.gauge("minirelay_power_problems", "Warnings of a Raspberry Pi: under-voltage, throttling, heat.", float64(len(m.Throttled)))
	if m.Celsius > 0 {
		e.gauge("minirelay_processor_temperature_celsius", "Temperature of the processor.", m.Celsius)
	}
	if m.DiskWear > 0 {
		e.gauge("minirelay_disk_wear_ratio", "Used-up part of the life of an eMMC, as it estimates itself.", float64(m.DiskWear)/100)
	}
}

func (s *Snapshot) processMetrics(e *exposition) {
	m := s.Machine
	e.number("process_cpu_seconds_total", "Processor time that the process has used.", m.CPU)
	e.gauge("process_resident_memory_bytes", "Memory that the process holds.", float64(m.Memory))
	e.gauge("process_open_fds", "Open file descriptors.", float64(m.Files))
	e.gauge("process_max_fds", "File descriptors that may be open.", float64(m.FileLimit))
	e.gauge("go_goroutines", "Goroutines.", float64(m.Goroutines))
	e.gauge("go_memstats_heap_alloc_bytes", "Memory in use on the heap.", float64(m.Heap))
	e.number("go_gc_cycles_total", "Garbage collections.", float64(m.Collections))
}

// exposition writes metrics; all lines of one name are adjacent.
type exposition struct {
	w    io.Writer
	last string
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// gauge and number write one value; labels alternates names and values. number takes names that end in _total for
// counters.
func (e *exposition) gauge(name, help string, value float64, labels ...string) {
	e.head(name, help, "gauge")
	e.line(name, value, labels...)
}

func (e *exposition) number(name, help string, value float64, labels ...string) {
	kind := "gauge"
	if strings.HasSuffix(name, "_total") {
		kind = "counter"
	}
	e.head(name, help, kind)
	e.line(name, value, labels...)
}

func (e *exposition) head(name, help, kind string) {
	if e.last != name {
		fmt.Fprintf(e.w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		e.last = name
	}
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (e *exposition) line(name string, value float64, labels ...string) {
	var b strings.Builder
	for i := 0; i+1 < len(labels); i += 2 {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%s="%s"`, labels[i], escape.Replace(labels[i+1]))
	}
	set := b.String()
	if set != "" {
		set = "{" + set + "}"
	}
	fmt.Fprintf(e.w, "%s%s %s\n", name, set, strconv.FormatFloat(value, 'g', -1, 64))
}
