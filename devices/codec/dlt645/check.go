package dlt645

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// Check reports everything in the mapping of a meter that cannot work.
func Check(k *mapping.Checker) {
	k.Polls()
	k.At = mapping.Problem{}
	if _, ok := parseAddress(k.Device.Address); !ok {
		k.Add("address", fmt.Sprintf("%q is not the address of a meter", k.Device.Address),
			"write the 12 digits that are printed on it, or "+mapping.AnyMeter+" if it is the only one on the line")
	}
	if k.Device.WakeUp < 0 || k.Device.WakeUp > 16 {
		k.Add("wake_up", "it must be 0 to 16", "leave it out for 4")
	}
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		checkField(k, f)
	}
	for _, c := range k.Device.Commands {
		k.At = mapping.Problem{Command: c.ID}
		k.Add("type", "a meter is read-only", "leave the command out")
	}
}

func checkField(k *mapping.Checker, f mapping.FieldConfig) {
	d, named, ok := quantityOf(f)
	switch {
	case !ok:
		k.Add("key", fmt.Sprintf("%q is neither a name nor the eight digits of a data identifier", f.WireKey()),
			"use one like 02010100, or "+strings.Join(namesLike(f.WireKey()), ", "))
	case named && (f.FormatConfig != mapping.DefaultFormat() || f.At != mapping.Nowhere):
		k.Add("format", fmt.Sprintf("the format of %s is fixed", d.key), "leave format, length, at, bit and bits out")
	case named && d.text != nil && f.Type != relay.TypeText:
		k.Add("type", d.key+" is a text", `use type = "text"`)
	case named && d.text == nil && f.Type != relay.TypeNumber:
		k.Add("type", d.key+" is a number", `use type = "number"`)
	case f.ByteOrder != "big" || f.WordOrder != "":
		k.Add("byte_order", "a meter always sends the low byte first", "leave it out")
	case !named:
		if f.Format == "" && f.Type != relay.TypeText {
			f.Format = codec.FormatBCD
		}
		codec.CheckValueFormat(k, f.FormatConfig, f.Type)
	}
}

// names lists the names of quantities in alphabetical order.
func names() []string {
	names := map[string]bool{}
	for _, d := range catalogue() {
		names[d.key] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// namesLike lists the names that begin like key; if there are none, those without a tariff or of phase a.
func namesLike(key string) []string {
	const enough = 4 // letters that identify a quantity
	var like, plain []string
	for _, name := range names() {
		if len(key) >= enough && strings.HasPrefix(name, key[:enough]) {
			like = append(like, name)
		}
		if !strings.Contains(name, "_tariff_") && !slices.Contains([]string{"_b", "_c"}, name[len(name)-2:]) {
			plain = append(plain, name)
		}
	}
	if len(like) > 0 {
		return like
	}
	return plain
}

// Advise reports settings of a port at which a meter is unlikely to answer.
func Advise(p serial.Config, _ mapping.DeviceConfig) []mapping.Problem {
	if strings.HasPrefix(p.Path, serial.TCPScheme) {
		return nil // the line is set up in the serial server
	}
	var all []mapping.Problem
	if p.Parity != "even" || p.DataBits != 8 || p.StopBits != 1 {
		all = append(all, mapping.Problem{Key: "port", What: "DL/T 645 meters use 8 data bits, even parity and 1 stop bit; the port is set differently",
			Try: fmt.Sprintf("write parity = \"even\" in [ports.%s], unless the meter differs", p.ID)})
	}
	if !slices.Contains([]int{600, 1200, 2400, 4800, 9600, 19200}, p.Baud) {
		all = append(all, mapping.Problem{Key: "port", What: fmt.Sprintf("DL/T 645 meters do not support %d baud", p.Baud),
			Try: fmt.Sprintf("write baud = 2400 in [ports.%s]: that is their factory setting", p.ID)})
	}
	return all
}
