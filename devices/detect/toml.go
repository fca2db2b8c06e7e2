package detect

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"minirelay/devices/capture"
)

// Result is what was found on a port. Only one of Talker, Units and Meters goes into the [Result.TOML], in this order.
type Result struct {
	Path    string  // of the port, as it is written into a config
	Name    string  // of the port, for ids, for example ttyUSB0; if "", the path
	Talker  *Sample // a board that talks by itself; nil: none does
	Profile string  // the profile that decodes what Talker says; "" if none does
	Units   []UnitResult
	Echo    bool // the adapter receives what it sends to them
	Meters  []MeterFound
}

// UnitResult is a Modbus unit and what can be read of it.
type UnitResult struct {
	Unit
	Ranges   []Range
	Profiles []string // those whose requests the unit answers with plausible values
	Certain  bool     // the values are enough to use the first of them
}

// TOML describes the port and its devices in the form of a config file, with comments for people in English and Chinese,
// so that minirelay check accepts it behind a [gateway] table. It is "" if nothing was found.
func (r *Result) TOML() string {
	var t strings.Builder
	switch {
	case r.Talker != nil:
		t.WriteString("# Found by minirelay scan. Give everything better names, units and ranges, and paste it into the config.\n" +
			"# 扫描结果。改好名称、单位和范围，粘贴到配置里。\n\n")
		r.writePort(&t, r.Talker.Setting)
		r.writeTalker(&t)
	case len(r.Units) > 0:
		t.WriteString("# Found by minirelay scan. Paste it into the config. Where no profile fits, the maker's table explains each register:\n" +
			"# give the fields names, formats, scales and units.\n" +
			"# 扫描结果。粘贴到配置里；没有合适的现成描述时，按厂家的寄存器表改好名称、格式、倍率和单位。\n\n")
		r.writePort(&t, r.Units[0].Setting)
		if r.Echo {
			t.WriteString("# The adapter receives what it sends. 转换器会收到自己发出的数据。\necho = true\n")
		}
		for _, u := range r.Units {
			u.write(&t, r.port())
		}
	case len(r.Meters) > 0:
		t.WriteString("# Found by minirelay scan. Paste it into the config; docs/mappings.md lists everything else that can be read.\n" +
			"# 扫描结果。粘贴到配置里即可；其他可读的量见 docs/mappings.zh-CN.md。\n\n")
		r.writePort(&t, r.Meters[0].Setting)
		for _, m := range r.Meters {
			writeMeter(&t, r.port(), m)
		}
	}
	return t.String()
}

// maxPort bounds the id of a port, which the ids of its devices contain.
const maxPort = 20

var blanks = regexp.MustCompile("_+")

// port is the id of the port. It differs from that of any other port of the machine, so that the results of several scans
// can be pasted into one config.
func (r *Result) port() string {
	name := r.Name
	if name == "" {
		name = strings.TrimPrefix(r.Path, "/dev/")
	}
	if _, address, ok := strings.Cut(name, "://"); ok {
		name = address
	}
	id := blanks.ReplaceAllString(words(name), "_")
	if len(id) > maxPort {
		id = strings.TrimLeft(id[len(id)-maxPort:], "_-") // the end tells ports apart
	}
	if id == "" {
		return "found"
	}
	return id
}

func (r *Result) writePort(t *strings.Builder, s Setting) {
	fmt.Fprintf(t, "[ports.%s]\npath = %q\nbaud = %d\n", r.port(), r.Path, s.Baud)
	if s.DataBits != 8 {
		fmt.Fprintf(t, "data_bits = %d\n", s.DataBits)
	}
	if s.Parity != "none" {
		fmt.Fprintf(t, "parity = %q\n", s.Parity)
	}
}

func (r *Result) writeTalker(t *strings.Builder) {
	sense := r.Talker.Sense
	fmt.Fprintf(t, "\n# The board sends %s.\n", sense.What)
	switch {
	case sense.Text != nil:
		fmt.Fprintf(t, "# %s\n", capture.Text([]byte(short(sense.Text.Example))))
	case sense.Frames != nil:
		fmt.Fprintf(t, "# % x\n", sense.Frames.Example)
	}
	if r.Profile != "" {
		fmt.Fprintf(t, "[devices.%[1]s_board]\nport = %[1]q\n# This profile fits everything that was heard: minirelay profiles %[2]s prints it.\nprofile = %[2]q\n", r.port(), r.Profile)
		return
	}
	switch {
	case sense.Value < Doubtful && sense.Text == nil:
		t.WriteString("# This is too uncertain to describe a device: listen with minirelay watch, or scan again while the board sends more.\n")
	case sense.Text != nil:
		writeText(t, r.port(), sense.Text)
	case sense.Frames != nil:
		writeFrames(t, r.port(), sense.Frames)
	}
}

// writeText describes a device that sends lines.
func writeText(t *strings.Builder, port string, text *Text) {
	codec := text.Codec
	var pattern string
	values := text.Values
	if codec == "" {
		codec = "regex"
		pattern, values = patternOf(text.Example)
	}
	fmt.Fprintf(t, "[devices.%[1]s_board]\nport = %[1]q\ncodec = %[2]q\n", port, codec)
	switch {
	case codec == "csv" && text.Separator != ",":
		fmt.Fprintf(t, "separator = %q\n", text.Separator)
	case codec == "regex" && len(values) == 0:
		fmt.Fprintf(t, "# The line contains no number: put the group, (?P<name>…), around the value.\npatterns = ['%s']\n", pattern)
		values = []Value{{Key: "line", Type: "text"}}
	case codec == "regex":
		fmt.Fprintf(t, "# Each group, (?P<name>…), is a value.\npatterns = ['%s']\n", pattern)
	}
	ids := map[string]bool{"ts": true}
	for _, v := range values {
		id := fieldID(v.Key, ids)
		fmt.Fprintf(t, "\n[devices.%s_board.fields.%s]\n", port, id)
		switch {
		case codec == "csv":
			fmt.Fprintf(t, "column = %s\n", v.Key)
		case v.Key != id:
			fmt.Fprintf(t, "key = %s\n", quoted(v.Key))
		}
		fmt.Fprintf(t, "type = %q\n", v.Type)
	}
}

// fieldID makes an id of a key that is not taken, and takes it.
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

// words keeps of a text the characters that an id may have: lower-case letters, digits, _ and -.
func words(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, s), "_-")
}

// number finds numbers in a line. A sign counts only where it cannot be a hyphen.
var number = regexp.MustCompile(`(^|[^\w.-])([+-]?[0-9]+(?:\.[0-9]+)?)`)

// maxGroups bounds the values in a pattern.
const maxGroups = 8

// patternOf makes a pattern of a line; its numbers are the values.
func patternOf(line string) (pattern string, values []Value) {
	at := 0
	pattern = "^"
	for _, m := range number.FindAllStringSubmatchIndex(line, maxGroups) {
		name := fmt.Sprintf("value%d", len(values)+1)
		pattern += literal(line[at:m[4]]) + "(?P<" + name + ">[-+]?[0-9.]+)"
		at = m[5]
		values = append(values, Value{Key: name, Type: "number"})
	}
	if words := strings.Fields(line); len(values) == 0 {
		return "^ *" + literal(words[0]) + "(?P<line>.*)$", nil // a line is never empty
	}
	return pattern + literal(line[at:]), values
}

// literal is text in a pattern between single quotes, which hold neither such a quote nor a control character.
func literal(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\'' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, regexp.QuoteMeta(text))
}

// quoted is a text of the board between double quotes of TOML. What a terminal would not show is escaped.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// writeFrames describes a device that sends frames of bytes.
func writeFrames(t *strings.Builder, port string, f *Frames) {
	fmt.Fprintf(t, "[devices.%[1]s_board]\nport = %[1]q\ncodec = \"binary\"\n\n[devices.%[1]s_board.frame]\nstart = \"% [2]X\"\nlength = %[3]d\n", port, f.Start, f.Length)
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
	fmt.Fprintf(t, "\n# The data sheet explains the bytes. This field is the first byte after the start.\n"+
		"[devices.%s_board.fields.value]\nat = %d\nformat = \"uint8\"\ntype = \"number\"\n", port, min(len(f.Start), f.Length-1))
}

// maxFields and maxShown bound what is written for one unit: a person adds the fields that the maker's table names.
const (
	maxFields = 8
	maxShown  = 16 // values of a range
)

func (u UnitResult) write(t *strings.Builder, port string) {
	device := fmt.Sprintf("%s_unit%d", port, u.Address)
	fmt.Fprintf(t, "\n[devices.%s]\nport = %q\nunit = %d\n", device, port, u.Address)
	if u.Certain && len(u.Profiles) > 0 {
		fmt.Fprintf(t, "# It answers every request of this profile with plausible values: minirelay profiles %[1]s prints it.\nprofile = %[1]q\n", u.Profiles[0])
		if others := u.Profiles[1:]; len(others) > 0 {
			fmt.Fprintf(t, "# These fit as well: %s. The label on the device says which. 也可能是这些，以设备上的型号为准。\n", strings.Join(others, ", "))
		}
		return
	}
	t.WriteString("codec = \"modbus-rtu\"\npoll = \"1s\"\n")
	if len(u.Ranges) == 0 {
		t.WriteString("# It answers, but none of the registers that were tried can be read.\n")
		return
	}
	if len(u.Profiles) > 0 {
		fmt.Fprintf(t, "# It may be one of these: %s. If so, write profile = \"…\" instead of codec, poll and fields.\n"+
			"# 也许是其中之一；如果是，就写 profile，去掉 codec、poll 和字段。\n", strings.Join(u.Profiles, ", "))
	}
	t.WriteString("# The first field of each range is an example; add those that you need. 每段只写了第一个字段作为例子，请补上需要的。\n")
	for i, r := range u.Ranges {
		var values []string
		for _, v := range r.Values[:min(len(r.Values), maxShown)] {
			values = append(values, strconv.Itoa(int(v)))
		}
		if len(r.Values) > len(values) {
			values = append(values, "…")
		}
		fmt.Fprintf(t, "\n# %s:%d to %d can be read; now %s\n", r.Table, r.From, r.To, strings.Join(values, " "))
		kind := "number"
		if r.Table == "coil" || r.Table == "discrete" {
			kind = "bool"
		}
		if i < maxFields {
			fmt.Fprintf(t, "[devices.%s.fields.%s_%d]\nregister = \"%s:%d\"\ntype = %q\n", device, r.Table, r.From, r.Table, r.From, kind)
		}
	}
}

func writeMeter(t *strings.Builder, port string, m MeterFound) {
	if m.Energy != "" {
		fmt.Fprintf(t, "\n# It shows %s kWh now.", m.Energy)
	}
	fmt.Fprintf(t, `
[devices.meter_%[1]s]
port = %[2]q
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
`, m.Address, port)
}

// short keeps an example on one line of a screen.
func short(s string) string {
	const most = 110
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
