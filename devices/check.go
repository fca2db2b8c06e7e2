package devices

import (
	"fmt"
	"time"

	"minirelay/devices/checksum"
	"minirelay/devices/computed"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// CheckDevice returns every fault of a device's description, each with its key and what to try; none if the device can
// be run. It touches no hardware.
func CheckDevice(c mapping.DeviceConfig) []mapping.Problem {
	k := &mapping.Checker{Device: c}
	codec, ok := kindOf(c)
	if !ok {
		k.Add("codec", fmt.Sprintf("there is no codec %q", c.Codec), "use "+codecNames())
	}
	if _, ok := checksum.Of(c.Checksum); !ok {
		k.Add("checksum", fmt.Sprintf("there is no checksum %q", c.Checksum),
			"use none, xor8, sum8, crc16-modbus, crc16-ccitt or crc32")
	}
	if c.Checksum == checksum.VEDirect && c.Codec != "pairs" {
		k.Add("checksum", "the blocks of VE.Direct are pairs", `use codec = "pairs"`)
	}
	if c.MaxFrame < 16 || c.MaxFrame > 65536 {
		k.Add("max_frame", "a line may have 16 to 65536 bytes", "leave it out for 4096")
	}
	for _, f := range c.Fields {
		k.At = mapping.Problem{Field: f.ID}
		k.Field(f)
	}
	for _, cmd := range c.Commands {
		k.At = mapping.Problem{Command: cmd.ID}
		checkCommand(k, cmd)
	}
	computed.Check(k)
	if ok {
		k.Device, _ = c.OnTheWire()
		codec.check(k)
	}
	return k.Problems
}

func checkCommand(k *mapping.Checker, c mapping.CommandConfig) {
	switch c.Type {
	case relay.TypeNumber, relay.TypeBool, relay.TypeEnum, relay.TypeText, relay.TypeNone:
	default:
		k.Add("type", fmt.Sprintf("a command cannot be of type %q", c.Type), "use number, bool, enum, text or none")
		return
	}
	k.Number(c.Type, c.Scale, c.Offset, c.Min, c.Max, c.Decimals)
	k.Words(c.Type, c.Values, c.Options)
	checkAllow(k, c)
	checkConfirm(k, c)
	if c.Field != "" && k.FieldNamed(c.Field) == nil {
		k.Add("field", fmt.Sprintf("there is no field %q", c.Field), k.FieldNames())
	}
	if c.Timeout < time.Millisecond {
		k.Add("timeout", "it must be at least 1 ms", "leave it out for 2s")
	}
	if c.Retries > 0 && !c.Idempotent {
		k.Add("retries", "a command that is written again could act twice",
			"write idempotent = true if a second write does no harm, or leave retries out")
	}
	if kind, _ := kindOf(k.Device); c.Retries > 0 && c.Expect == "" && c.Confirm == "" && kind.poller == nil {
		k.Add("retries", "without expect or confirm the gateway cannot see an answer", "add one of them, or leave retries out")
	}
}

// checkAllow checks the characters of a text.
func checkAllow(k *mapping.Checker, c mapping.CommandConfig) {
	switch {
	case c.Allow == "":
	case c.Type != relay.TypeText:
		k.Add("allow", "it has no effect for type "+string(c.Type), "leave it out")
	case mapping.TextOf(c.Allow) == nil:
		k.Add("allow", fmt.Sprintf("%q is not a class of characters", c.Allow), `write the allowed characters between [ and ], for example "[A-Za-z0-9 .-]"`)
	}
}

func checkConfirm(k *mapping.Checker, c mapping.CommandConfig) {
	if c.Tolerance > 0 && (c.Type != relay.TypeNumber || c.Confirm == "") {
		k.Add("tolerance", "it has no effect without a number that is read back", "leave it out, or name a field in confirm")
	}
	if c.Confirm == "" {
		return
	}
	f := k.FieldNamed(c.Confirm)
	switch {
	case f == nil:
		k.Add("confirm", fmt.Sprintf("there is no field %q", c.Confirm), k.FieldNames())
	case c.Type == relay.TypeNone:
		k.Add("confirm", "a command without a value has nothing to read back", "leave it out")
	case f.Type != c.Type && !(f.Type == relay.TypeText && c.Type == relay.TypeEnum):
		k.Add("confirm", fmt.Sprintf("the field %q has type %s, the command %s: they can never be equal", f.ID, f.Type, c.Type),
			"name a field of the same type")
	}
}
