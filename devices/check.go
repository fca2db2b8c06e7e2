package devices

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"minirelay/devices/checksum"

	"minirelay/relay"
)

// Problem is one fault of a device's mapping.
type Problem struct {
	Field, Command string // the id of the table it stands in; both "": the device's own
	Table          string // another table within the device's own, as in frame or requests.ID
	Key            string // the key it is about
	What           string // what is wrong
	Try            string // what to try
}

// String is the problem in one line.
func (p Problem) String() string { return p.name() + p.Key + ": " + p.What + "; " + p.Try }

// CheckDevice tells everything in a device's mapping that cannot work. It touches no hardware.
func CheckDevice(c DeviceConfig) []Problem {
	k := &checker{device: c}
	codec, ok := kindOf(c)
	if !ok {
		k.add("codec", fmt.Sprintf("there is no codec %q", c.Codec), "use "+codecNames())
	}
	if _, ok := checksum.Of(c.Checksum); !ok {
		k.add("checksum", fmt.Sprintf("there is no checksum %q", c.Checksum),
			"use none, xor8, sum8, crc16-modbus, crc16-ccitt or crc32")
	}
	if c.Checksum == checksum.VEDirect && c.Codec != "pairs" {
		k.add("checksum", "the blocks of VE.Direct are pairs", `use codec = "pairs"`)
	}
	if c.MaxFrame < 16 || c.MaxFrame > 65536 {
		k.add("max_frame", "a line may have 16 to 65536 bytes", "leave it out for 4096")
	}
	for _, f := range c.Fields {
		k.at = Problem{Field: f.ID}
		k.field(f)
	}
	for _, cmd := range c.Commands {
		k.at = Problem{Command: cmd.ID}
		checkCommand(k, cmd)
	}
	checkComputedFields(k)
	if ok {
		k.device, _ = c.onTheWire()
		codec.check(k)
	}
	return k.problems
}

// checker gathers problems; at is the table that is being looked at.
type checker struct {
	device   DeviceConfig
	at       Problem
	problems []Problem
}

func (k *checker) add(key, what, try string) {
	p := k.at
	p.Key, p.What, p.Try = key, what, try
	k.problems = append(k.problems, p)
}

func (k *checker) field(f FieldConfig) {
	switch f.Type {
	case relay.TypeNumber, relay.TypeBool, relay.TypeEnum, relay.TypeText:
	default:
		k.add("type", fmt.Sprintf("a field cannot be of type %q", f.Type), "use number, bool, enum or text")
		return
	}
	k.number(f.Type, f.Scale, f.Offset, f.Min, f.Max, f.Decimals)
	k.words(f.Type, f.Values, f.Options)
}

func (k *checker) number(t relay.Type, scale, offset, low, high float64, decimals int) {
	if t != relay.TypeNumber {
		set := map[string]bool{"scale": scale != 1, "offset": offset != 0, "min": !math.IsInf(low, -1),
			"max": !math.IsInf(high, 1), "decimals": decimals >= 0}
		for _, key := range slices.Sorted(maps.Keys(set)) {
			if set[key] {
				k.add(key, "it means nothing for type "+string(t), "leave it out")
			}
		}
		return
	}
	if scale == 0 || math.IsNaN(scale) || math.IsInf(scale, 0) {
		k.add("scale", fmt.Sprintf("a number cannot be scaled by %v", scale), "leave it out for 1")
	}
	if math.IsNaN(offset) || math.IsInf(offset, 0) {
		k.add("offset", fmt.Sprintf("a number cannot be moved by %v", offset), "leave it out for 0")
	}
	if !(low <= high) {
		k.add("min", fmt.Sprintf("min %v is greater than max %v: no value is left", low, high), "exchange the two")
	}
	if decimals > 6 {
		k.add("decimals", "there may be 0 to 6 digits after the point", "use fewer")
	}
}

// words checks the map of values and the options of a bool or an enum.
func (k *checker) words(t relay.Type, values map[string]string, options []OptionConfig) {
	var allowed []string
	switch t {
	case relay.TypeBool:
		allowed = []string{"true", "false"}
	case relay.TypeEnum:
		for _, o := range enumOptions(options, values) {
			if o.Value == "" || slices.Contains(allowed, o.Value) {
				k.add("options", fmt.Sprintf("the choice %q is empty or stands twice", o.Value), "give each choice its own value")
			}
			allowed = append(allowed, o.Value)
		}
		if len(allowed) == 0 {
			k.add("options", "an enum has no choices", `write options = [{ value = "auto" }, { value = "manual" }]`)
		}
	}
	if t != relay.TypeEnum && len(options) > 0 {
		k.add("options", "only an enum has choices", "leave it out, or use type = \"enum\"")
	}
	if values != nil && t != relay.TypeBool && t != relay.TypeEnum {
		k.add("values", "it means nothing for type "+string(t), "leave it out")
		return
	}
	wire := map[string]string{}
	for _, v := range slices.Sorted(maps.Keys(values)) {
		text := values[v]
		if !slices.Contains(allowed, v) {
			k.add("values", fmt.Sprintf("%q is none of %s", v, strings.Join(allowed, ", ")), "write what stands on the wire behind the value, as in { true = \"1\" }")
		}
		if strings.ContainsFunc(text, isControl) {
			k.add("values", fmt.Sprintf("the text for %q holds a control character", v), "put line ends into send")
		}
	}
	for _, v := range allowed {
		if _, ok := values[v]; !ok && t == relay.TypeBool && values != nil {
			k.add("values", fmt.Sprintf("%s is missing", v), `write both, as in { true = "1", false = "0" }`)
			continue
		}
		text := wireText(values, v)
		if other, twice := wire[text]; twice && other != v {
			k.add("values", fmt.Sprintf("%q stands for both %s and %s", text, other, v), "give each its own text")
		}
		wire[text] = v
	}
}

func checkCommand(k *checker, c CommandConfig) {
	switch c.Type {
	case relay.TypeNumber, relay.TypeBool, relay.TypeEnum, relay.TypeText, relay.TypeNone:
	default:
		k.add("type", fmt.Sprintf("a command cannot be of type %q", c.Type), "use number, bool, enum, text or none")
		return
	}
	k.number(c.Type, c.Scale, c.Offset, c.Min, c.Max, c.Decimals)
	k.words(c.Type, c.Values, c.Options)
	checkConfirm(k, c)
	if c.Field != "" && k.fieldNamed(c.Field) == nil {
		k.add("field", fmt.Sprintf("there is no field %q", c.Field), k.fieldNames())
	}
	if c.Timeout < time.Millisecond {
		k.add("timeout", "no board answers in no time", "leave it out for 2s")
	}
	if c.Retries > 0 && !c.Idempotent {
		k.add("retries", "a command that is written again could act twice",
			"write idempotent = true if a second write does no harm, or leave retries out")
	}
	if kind, _ := kindOf(k.device); c.Retries > 0 && c.Expect == "" && c.Confirm == "" && kind.asks == nil {
		k.add("retries", "without expect or confirm nobody knows whether it was answered", "add one of them, or leave retries out")
	}
}

// checkTextCommands checks what commands write to a device whose commands are lines of text.
func checkTextCommands(k *checker) {
	for _, c := range k.device.Commands {
		k.at = Problem{Command: c.ID}
		checkSend(k, c)
		checkPattern(k, "expect", c.Expect, c)
		checkPattern(k, "refuse", c.Refuse, c)
	}
}

// placeholder finds what looks like one: {word}. A JSON object begins with a quote and is none.
var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func checkSend(k *checker, c CommandConfig) {
	for _, p := range placeholder.FindAllString(c.Send, -1) {
		if p != "{value}" && p != "{seq}" {
			k.add("send", "there is no placeholder "+p, "use {value} and {seq}")
		}
	}
	body := strings.TrimRight(c.Send, "\r\n")
	switch {
	case c.Send == "":
		k.add("send", "it is missing or empty", `write what the board reads, as in "PUMP {value} #{seq}\n"`)
	case body == "":
		k.add("send", "it is nothing but a line end", `write what the board reads, as in "PUMP {value} #{seq}\n"`)
	case strings.ContainsAny(body, "\r\n"), !slices.Contains([]string{"", "\n", "\r", "\r\n"}, c.Send[len(body):]):
		k.add("send", "it holds more than one line", "make each line a command of its own")
	}
	has := strings.Contains(c.Send, "{value}")
	if has && c.Type == relay.TypeNone {
		k.add("send", "{value} stands in a command without a value", "leave {value} out, or give the command another type")
	}
	if !has && c.Send != "" && c.Type != relay.TypeNone {
		k.add("send", "it would write the same whatever the value is", "put {value} where the value belongs, or use type = \"none\"")
	}
}

func checkPattern(k *checker, key, expression string, c CommandConfig) {
	if expression == "" {
		return
	}
	p, err := compilePattern(expression, c.Type, commandWords(c))
	if err != nil {
		what := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		k.add(key, "it is no regular expression: "+what, `a plain text needs \ in front of ( ) [ ] { } . * + ? ^ $ |`)
		return
	}
	if len(p.seq) > 0 && !strings.Contains(c.Send, "{seq}") {
		k.add(key, "it waits for {seq}, which is not sent", "put {seq} into send, if the board repeats it")
	}
	if len(p.value) > 0 && c.Type == relay.TypeNone {
		k.add(key, "{value} stands in a command without a value", "leave {value} out")
	}
	if p.re.MatchString("") {
		k.add(key, "it fits every line, even an empty one", `write what the board answers, as in "^OK #{seq}$"`)
	}
}

func checkConfirm(k *checker, c CommandConfig) {
	if c.Tolerance > 0 && (c.Type != relay.TypeNumber || c.Confirm == "") {
		k.add("tolerance", "it means nothing without a number that is read back", "leave it out, or name a field in confirm")
	}
	if c.Confirm == "" {
		return
	}
	f := k.fieldNamed(c.Confirm)
	switch {
	case f == nil:
		k.add("confirm", fmt.Sprintf("there is no field %q", c.Confirm), k.fieldNames())
	case c.Type == relay.TypeNone:
		k.add("confirm", "a command without a value has nothing to read back", "leave it out")
	case f.Type != c.Type && !(f.Type == relay.TypeText && c.Type == relay.TypeEnum):
		k.add("confirm", fmt.Sprintf("the field %q is a %s, the command a %s: they can never be equal", f.ID, f.Type, c.Type),
			"name a field of the same type")
	}
}

func (k *checker) fieldNamed(id string) *FieldConfig {
	for i := range k.device.Fields {
		if k.device.Fields[i].ID == id {
			return &k.device.Fields[i]
		}
	}
	return nil
}

func (k *checker) fieldNames() string {
	if len(k.device.Fields) == 0 {
		return "the device has no fields: add one"
	}
	var names []string
	for _, f := range k.device.Fields {
		names = append(names, f.ID)
	}
	return "there are " + strings.Join(names, ", ")
}
