package binary

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"minirelay/devices/checksum"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// Check reports everything in the mapping of a device of codec binary that cannot work.
func Check(k *mapping.Checker) {
	k.At = mapping.Problem{}
	if k.Device.Checksum != "none" {
		k.Add("checksum", "it is for lines of text", "write it into [devices.ID.frame]")
	}
	if len(k.Device.Requests) == 0 && k.Device.PollConfig != mapping.DefaultPoll() {
		k.Add("poll", "poll, timeout and retries apply only to a device with requests", "add a requests table, or leave them out")
	}
	if len(k.Device.Requests) > 0 {
		k.Polls()
	}
	checkFrame(k, k.Device.Frame)
	checkPlaces(k, "match", k.Device.Match)
	spec := newFrameRules(k.Device.Frame)
	for _, r := range k.Device.Requests {
		checkRequest(k, r, spec)
	}
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		checkPlaced(k, f)
		codec.CheckValueFormat(k, f.FormatConfig, f.Type)
	}
	for _, c := range k.Device.Commands {
		k.At = mapping.Problem{Command: c.ID}
		checkCommand(k, c, spec)
	}
}

// checkFrame checks how frames are cut.
func checkFrame(k *mapping.Checker, f mapping.FrameConfig) {
	k.At = mapping.Problem{Table: "frame"}
	defer func() { k.At = mapping.Problem{} }()
	checkFrameBytes(k, "start", f.Start)
	checkFrameBytes(k, "end", f.End)
	stuffed := stuffingOf(f.Stuffing) != stuffNone
	if f.Stuffing != "none" && !stuffed {
		k.Add("stuffing", fmt.Sprintf("unknown byte stuffing %q", f.Stuffing), "use slip, cobs or hdlc, or leave it out")
	}
	ways := 0
	for _, way := range []bool{stuffed, f.Gap > 0, f.Length > 0, f.LengthAt >= 0, !stuffed && f.Gap == 0 && f.Length == 0 && f.LengthAt < 0 && f.End != ""} {
		if way {
			ways++
		}
	}
	switch {
	case f.Length > 0 && f.LengthAt >= 0:
		k.Add("length", "the frame has a fixed length and announces one", "keep length or length_at")
	case stuffed && f.Gap > 0:
		k.Add("gap", "the byte stuffing already marks the end of a frame", "leave gap out")
	case ways == 0 && !checkLengthsOfRequests(k):
		checkAddToDevice(k, "frame", "nothing marks the end of a frame", "write length, length_at, end, stuffing or gap into [devices.ID.frame]")
	case len(k.Device.Requests) == 0 && f.Length > 0 && f.Start == "" && f.End == "" && f.Checksum == "none" && !stuffed && f.Gap == 0:
		checkAddToDevice(k, "frame", "nothing marks the beginning of a frame", "write start or a checksum into [devices.ID.frame]")
	}
	if _, ok := codec.NamedFormat(f.LengthFormat); !ok || !slices.Contains([]string{"uint8", "uint16be", "uint16le"}, f.LengthFormat) {
		k.Add("length_format", fmt.Sprintf("a length cannot have the format %q", f.LengthFormat), "use uint8, uint16be or uint16le")
	}
	if f.LengthAt < 0 && f.LengthAdd != 0 {
		k.Add("length_add", "no announced length exists to add it to", "add length_at, or leave it out")
	}
	checkFrameSum(k, f)
	spec := newFrameRules(f)
	if f.Length > 0 && f.Length < spec.least() {
		k.Add("length", fmt.Sprintf("start, end and checksum alone take %d bytes", spec.least()), "count the whole frame")
	}
	if f.Length > k.Device.MaxFrame {
		k.Add("length", fmt.Sprintf("it is greater than max_frame = %d", k.Device.MaxFrame), "increase max_frame")
	}
}

func checkAddToDevice(k *mapping.Checker, key, what, try string) {
	at := k.At
	k.At = mapping.Problem{}
	k.Add(key, what, try)
	k.At = at
}

// checkLengthsOfRequests says whether every request has the length of its answer.
func checkLengthsOfRequests(k *mapping.Checker) bool {
	return len(k.Device.Requests) > 0 && !slices.ContainsFunc(k.Device.Requests, func(r mapping.RequestConfig) bool { return r.Length == 0 })
}

func checkFrameBytes(k *mapping.Checker, key, text string) {
	if _, err := codec.ParseBytes(text, false); err != nil {
		k.Add(key, err.Error(), `write bytes such as "AA 55"`)
	}
}

// checkFrameSum checks the checksum of frames.
func checkFrameSum(k *mapping.Checker, f mapping.FrameConfig) {
	if f.Checksum == "none" {
		for key, set := range map[string]bool{"checksum_at": f.ChecksumAt != 0, "checksum_from": f.ChecksumFrom != 0,
			"checksum_to": f.ChecksumTo != 0, "checksum_order": f.ChecksumOrder != ""} {
			if set {
				k.Add(key, "the frame has no checksum", "add checksum, or leave it out")
			}
		}
		return
	}
	sum, ok := checksum.SumOf(f.Checksum)
	if !ok {
		k.Add("checksum", fmt.Sprintf("unknown checksum %q", f.Checksum), "use none, "+strings.Join(checksum.SumNames(), ", "))
		return
	}
	if f.ChecksumOrder != "" && f.ChecksumOrder != "big" && f.ChecksumOrder != "little" {
		k.Add("checksum_order", fmt.Sprintf("unknown order %q", f.ChecksumOrder), "use big or little")
	}
	if f.ChecksumAt < 0 && f.ChecksumAt+sum.Size > 0 {
		k.Add("checksum_at", fmt.Sprintf("a %s of %d bytes does not fit there", f.Checksum, sum.Size), fmt.Sprintf("use %d or less", -sum.Size))
	}
	if sameSide := (f.ChecksumFrom < 0) == (f.ChecksumTo < 0); f.ChecksumTo != 0 && sameSide && f.ChecksumFrom >= f.ChecksumTo {
		k.Add("checksum_to", "no byte lies between checksum_from and it", "it is the position after the last byte that the checksum covers")
	}
}

// checkPlaces checks bytes at positions.
func checkPlaces(k *mapping.Checker, key string, match map[string]string) {
	if _, err := codec.ParsePlaces(match); err != nil {
		k.Add(key, err.Error(), `write positions and bytes such as { 2 = "90", -1 = "0?" }`)
	}
}

// checkRequest checks one request.
func checkRequest(k *mapping.Checker, r mapping.RequestConfig, spec *frameRules) {
	k.At = mapping.Problem{Table: "requests." + r.ID}
	t, err := templateSyntax{frame: spec}.parse(r.Send)
	switch {
	case err != nil:
		k.Add("send", err.Error(), `write bytes such as "FF 01 86 00 00 00 00 00 {sum}"`)
	case t.has(valuePart) || t.has(seqPart):
		k.Add("send", "a request has no value and no number", "write bytes and {sum} only")
	}
	checkPlaces(k, "match", r.Match)
	used := slices.ContainsFunc(k.Device.Fields, func(f mapping.FieldConfig) bool {
		at := k.Device.RequestOf(f)
		return at >= 0 && k.Device.Requests[at].ID == r.ID
	})
	if !used {
		k.Add("send", "no field is read from its answer", fmt.Sprintf("write request = %q in a field, or leave the request out", r.ID))
	}
}

// checkPlaced checks the position of a field.
func checkPlaced(k *mapping.Checker, f mapping.FieldConfig) {
	checkPlaces(k, "match", f.Match)
	var ids []string
	for _, r := range k.Device.Requests {
		ids = append(ids, r.ID)
	}
	switch {
	case f.At == mapping.Nowhere:
		k.Add("at", "it is missing", "write the position of the field's first byte in the frame, counted from 0")
	case len(ids) == 0 && f.Request != "":
		k.Add("request", "the device has no requests", "add a requests table, or leave it out")
	case len(ids) > 1 && f.Request == "":
		k.Add("request", "the device has several requests", "name the one whose answer contains it: "+strings.Join(ids, ", "))
	case f.Request != "" && !slices.Contains(ids, f.Request):
		k.Add("request", fmt.Sprintf("unknown request %q", f.Request), "the requests are "+strings.Join(ids, ", "))
	}
}

// checkCommand checks the bytes of a command and of its answers.
func checkCommand(k *mapping.Checker, c mapping.CommandConfig, spec *frameRules) {
	kind := templateSyntax{value: codec.ValueIn(c.FormatConfig, c.Type), frame: spec}
	if c.FormatConfig != mapping.DefaultFormat() && c.Type != relay.TypeText {
		codec.CheckFormatIn(k, codec.ByteFormats(), c.FormatConfig, "uint8")
	}
	t, err := kind.parse(c.Send)
	switch {
	case err != nil:
		k.Add("send", err.Error(), `write bytes such as "AA 01 {value:uint16be} {sum}"`)
		return
	case t.has(valuePart) && c.Type == relay.TypeNone:
		k.Add("send", "the command has no value for {value}", "leave {value} out, or give the command another type")
	case !t.has(valuePart) && c.Type != relay.TypeNone:
		k.Add("send", "it does not contain the value", "write {value} where the value belongs, or use type = \"none\"")
	default:
		checkValues(k, t, c)
	}
	kind.wild = true
	for key, text := range map[string]string{"expect": c.Expect, "refuse": c.Refuse} {
		if text == "" {
			continue
		}
		p, err := kind.parse(text)
		switch {
		case err != nil:
			k.Add(key, err.Error(), `write the bytes that the answer begins with, for example "AA 81 {value} ?? 00"`)
		case p.has(seqPart) && !t.has(seqPart):
			k.Add(key, "it expects {seq}, which send does not contain", "add {seq} to send if the device repeats it")
		case p.has(valuePart) && c.Type == relay.TypeNone:
			k.Add(key, "the command has no value for {value}", "leave {value} out")
		}
	}
}

// checkValues tries the values of a bool or an enum, and the bounds of a number.
func checkValues(k *mapping.Checker, t *template, c mapping.CommandConfig) {
	cmd := &codec.Command{CommandConfig: c}
	var values []relay.Value
	switch c.Type {
	case relay.TypeBool:
		values = []relay.Value{relay.BoolValue(false), relay.BoolValue(true)}
	case relay.TypeEnum:
		for _, o := range mapping.EnumOptions(c.Options, c.Values) {
			values = append(values, relay.TextValue(o.Value))
		}
	case relay.TypeNumber:
		for key, bound := range map[string]float64{"min": c.Min, "max": c.Max} {
			text, err := cmd.Wire(relay.NumberValue(bound))
			if bound != relay.Open.Min && bound != relay.Open.Max && err == nil {
				_, err = t.Append(nil, text, 0)
				if err != nil {
					k.Add(key, err.Error(), "use another format, or another bound")
				}
			}
		}
	}
	for _, v := range values {
		text, err := cmd.Wire(v)
		if err == nil {
			_, err = t.Append(nil, text, 0)
		}
		if err != nil {
			k.Add("values", err.Error(), `write its number, for example { `+strconv.Quote(v.String())+` = "0x01" }`)
			return
		}
	}
}
