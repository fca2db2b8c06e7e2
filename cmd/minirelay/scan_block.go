package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"minirelay/devices/capture"
	"minirelay/devices/detect"
)

// block is what a scan has found, as a part of a config.
type block struct {
	path    string
	talker  *detect.Sample
	profile string // that decodes the talker
	units   []foundUnit
	meters  []detect.MeterFound
}

type foundUnit struct {
	detect.Unit
	ranges []detect.Range
	fits   []string // profiles
}

// String is TOML that minirelay check accepts; "" if nothing was found.
func (b *block) String() string {
	var t strings.Builder
	switch {
	case b.talker != nil:
		t.WriteString("# What minirelay scan has found. Give it better names, units and ranges, and paste it into the config.\n" +
			"# 扫描结果。改好名称、单位和范围，粘贴到配置里。\n\n")
		writePort(&t, b.path, b.talker.Setting)
		b.writeTalker(&t)
	case len(b.units) > 0:
		t.WriteString("# What minirelay scan has found. The maker's table says what each register means: give the fields names, formats,\n" +
			"# scales and units, leave out the others, and paste it into the config.\n" +
			"# 扫描结果。按厂家的寄存器表改好名称、格式、倍率和单位，删去不要的，粘贴到配置里。\n\n")
		writePort(&t, b.path, b.units[0].Setting)
		for _, u := range b.units {
			u.write(&t)
		}
	case len(b.meters) > 0:
		t.WriteString("# What minirelay scan has found. Paste it into the config; docs/mappings.md lists what else can be read.\n" +
			"# 扫描结果。粘贴到配置里即可；其他可读的量见 docs/mappings.zh-CN.md。\n\n")
		writePort(&t, b.path, b.meters[0].Setting)
		for _, m := range b.meters {
			writeMeter(&t, m)
		}
	}
	return t.String()
}

func writePort(t *strings.Builder, path string, s detect.Setting) {
	fmt.Fprintf(t, "[ports.found]\npath = %q\nbaud = %d\n", path, s.Baud)
	if s.DataBits != 8 {
		fmt.Fprintf(t, "data_bits = %d\n", s.DataBits)
	}
	if s.Parity != "none" {
		fmt.Fprintf(t, "parity = %q\n", s.Parity)
	}
}

func (b *block) writeTalker(t *strings.Builder) {
	sense := b.talker.Sense
	fmt.Fprintf(t, "\n# It says: %s.\n", sense.What)
	switch {
	case sense.Text != nil:
		fmt.Fprintf(t, "# %s\n", capture.Text([]byte(short(sense.Text.Example))))
	case sense.Frames != nil:
		fmt.Fprintf(t, "# % x\n", sense.Frames.Example)
	}
	if b.profile != "" {
		fmt.Fprintf(t, "[devices.found]\nport = \"found\"\n# Everything that it says fits this profile: minirelay profiles %[1]s shows it.\nprofile = %[1]q\n", b.profile)
		return
	}
	switch {
	case sense.Value < detect.Doubtful && sense.Text == nil:
		t.WriteString("# That is not sure enough to describe a device: listen with minirelay watch, or scan again while it says more.\n")
	case sense.Text != nil:
		writeText(t, sense.Text)
	case sense.Frames != nil:
		writeFrames(t, sense.Frames)
	}
}

// writeText describes a device that says lines.
func writeText(t *strings.Builder, text *detect.Text) {
	codec := text.Codec
	var pattern string
	values := text.Values
	if codec == "" {
		codec = "regex"
		pattern, values = patternOf(text.Example)
	}
	fmt.Fprintf(t, "[devices.found]\nport = \"found\"\ncodec = %q\n", codec)
	switch {
	case codec == "csv" && text.Separator != ",":
		fmt.Fprintf(t, "separator = %q\n", text.Separator)
	case codec == "regex" && len(values) == 0:
		fmt.Fprintf(t, "# No number is in the line: put the group, (?P<name>…), where the value stands.\npatterns = ['%s']\n", pattern)
		values = []detect.Value{{Key: "line", Type: "text"}}
	case codec == "regex":
		fmt.Fprintf(t, "# Each group, (?P<name>…), is a value.\npatterns = ['%s']\n", pattern)
	}
	ids := map[string]bool{"ts": true}
	for _, v := range values {
		id := fieldID(v.Key, ids)
		fmt.Fprintf(t, "\n[devices.found.fields.%s]\n", id)
		switch {
		case codec == "csv":
			fmt.Fprintf(t, "column = %s\n", v.Key)
		case v.Key != id:
			fmt.Fprintf(t, "key = %q\n", v.Key)
		}
		fmt.Fprintf(t, "type = %q\n", v.Type)
	}
}

// fieldID makes an id of a key that none of the others has.
func fieldID(key string, taken map[string]bool) string {
	id := words(key)
	if id == "" || id[0] >= '0' && id[0] <= '9' {
		id = "value_" + id
	}
	id = strings.TrimRight(id[:min(len(id), 28)], "_-")
	for n, first := 2, id; taken[id]; n++ {
		id = fmt.Sprintf("%s_%d", first, n)
	}
	taken[id] = true
	return id
}

// number finds numbers in a line. A sign counts only where it cannot be a hyphen.
var number = regexp.MustCompile(`(^|[^\w.-])([+-]?[0-9]+(?:\.[0-9]+)?)`)

// maxGroups of a pattern that is made up.
const maxGroups = 8

// patternOf makes a pattern of a line, whose numbers are the values.
func patternOf(line string) (pattern string, values []detect.Value) {
	at := 0
	pattern = "^"
	for _, m := range number.FindAllStringSubmatchIndex(line, maxGroups) {
		name := fmt.Sprintf("value%d", len(values)+1)
		pattern += literal(line[at:m[4]]) + "(?P<" + name + ">[-+]?[0-9.]+)"
		at = m[5]
		values = append(values, detect.Value{Key: name, Type: "number"})
	}
	if words := strings.Fields(line); len(values) == 0 {
		return "^ *" + literal(words[0]) + "(?P<line>.*)$", nil // a line is never empty
	}
	return pattern + literal(line[at:]), values
}

// literal is text in a pattern between single quotes.
func literal(text string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(text), "'", ".")
}

// writeFrames describes a device that says frames of bytes.
func writeFrames(t *strings.Builder, f *detect.Frames) {
	fmt.Fprintf(t, "[devices.found]\nport = \"found\"\ncodec = \"binary\"\n\n[devices.found.frame]\nstart = \"% X\"\nlength = %d\n", f.Start, f.Length)
	if len(f.End) > 0 {
		fmt.Fprintf(t, "end = \"% X\"\n", f.End)
	}
	if f.Checksum != "" {
		fmt.Fprintf(t, "checksum = %q\n", f.Checksum)
	}
	if f.From > 0 {
		fmt.Fprintf(t, "checksum_from = %d\n", f.From)
	}
	if f.Order != "" {
		fmt.Fprintf(t, "checksum_order = %q\n", f.Order)
	}
	fmt.Fprintf(t, "\n# The data sheet says what lies where. This is the first byte behind the beginning.\n"+
		"[devices.found.fields.value]\nat = %d\nformat = \"uint8\"\ntype = \"number\"\n", min(len(f.Start), f.Length-1))
}

// maxFields of one range are written as fields; the rest is left to the person.
const maxFields = 8

func (u foundUnit) write(t *strings.Builder) {
	device := fmt.Sprintf("unit%d", u.Address)
	fmt.Fprintf(t, "\n[devices.%s]\nport = \"found\"\ncodec = \"modbus-rtu\"\nunit = %d\npoll = \"1s\"\n", device, u.Address)
	if len(u.ranges) == 0 {
		t.WriteString("# It answers, but none of the registers that were looked at can be read.\n")
	}
	if len(u.fits) > 0 {
		fmt.Fprintf(t, "# It answers what these profiles ask, with plausible values: %s.\n# If it is one of them, write profile = \"…\" instead of codec and fields.\n", strings.Join(u.fits, ", "))
	}
	for _, r := range u.ranges {
		var values []string
		for _, v := range r.Values[:min(len(r.Values), 2*maxFields)] {
			values = append(values, strconv.Itoa(int(v)))
		}
		if len(r.Values) > len(values) {
			values = append(values, "…")
		}
		fmt.Fprintf(t, "\n# %s:%d to %d can be read; now %s\n", r.Table, r.From, r.To, strings.Join(values, " "))
		for address := r.From; address <= r.To && address < r.From+maxFields; address++ {
			kind := "number"
			if r.Table == "coil" || r.Table == "discrete" {
				kind = "bool"
			}
			fmt.Fprintf(t, "[devices.%s.fields.%s_%d]\nregister = \"%s:%d\"\ntype = %q\n", device, r.Table, address, r.Table, address, kind)
		}
	}
}

func writeMeter(t *strings.Builder, m detect.MeterFound) {
	if m.Energy != "" {
		fmt.Fprintf(t, "\n# It shows %s kWh now.", m.Energy)
	}
	fmt.Fprintf(t, `
[devices.meter_%[1]s]
port = "found"
codec = "dlt645"
address = %[1]q
poll = "10s"
offline_after = "1m"

[devices.meter_%[1]s.fields.energy]
type = "number"
unit = "kWh"
decimals = 2

[devices.meter_%[1]s.fields.power]
type = "number"
unit = "kW"
decimals = 4

[devices.meter_%[1]s.fields.voltage_a]
type = "number"
unit = "V"
decimals = 1

[devices.meter_%[1]s.fields.current_a]
type = "number"
unit = "A"
decimals = 3
`, m.Address)
}

// short keeps an example on one line of a screen.
func short(s string) string {
	const most = 110
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
