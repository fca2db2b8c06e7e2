package configs

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"minirelay/broker"
	"minirelay/devices"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/relay"
)

// usbID is a vendor and a product id in hexadecimal.
var usbID = regexp.MustCompile(`^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$`)

func (k *checker) checkPorts() {
	for i, p := range k.doc.Ports {
		k.checkIdentity(p)
		k.checkRS485(p)
		k.checkSpeed(p)
		if p.Path != "" && k.has("ports", p.ID, "path") {
			k.checkPath(p)
		}
		for _, other := range k.doc.Ports[:i] {
			if key := samePort(p, other); key != "" && k.has("ports", p.ID, key) && k.has("ports", other.ID, key) {
				k.fault(k.at("ports", p.ID, key), fmt.Sprintf("[ports.%s] is the same port as [ports.%s]", p.ID, other.ID),
					"only one table can describe a port; the other is at "+k.at("ports", other.ID, key).String())
			}
		}
		used := slices.ContainsFunc(k.doc.Devices, func(d mapping.DeviceConfig) bool { return d.Port == p.ID })
		if !used && k.whole {
			k.warning(k.root.get("ports", p.ID).key, fmt.Sprintf("no device uses the port %q: it is not opened", p.ID),
				fmt.Sprintf("write port = %q in a device, or leave the port out", p.ID))
		}
	}
}

// checkModel checks that clients can get what they draw a device from.
func (k *checker) checkModel(d mapping.DeviceConfig) {
	if size := devices.ModelSize(d); size > broker.MaxPayload {
		k.fault(k.root.get("devices", d.ID).key, fmt.Sprintf("the device %q is described in %d kB, and clients get at most %d kB", d.ID, size>>10, broker.MaxPayload>>10),
			"shorten its names and options, or make two devices of it")
	}
}

// samePort returns the key by which two tables name the same port, or "". Without a serial number, any adapter of that
// kind matches.
func samePort(a, b serial.Config) string {
	switch {
	case a.Path != "" && b.Path != "" && filepath.Clean(a.Path) == filepath.Clean(b.Path):
		return "path"
	case a.USB != "" && strings.EqualFold(a.USB, b.USB) && (a.Serial == b.Serial || a.Serial == "" || b.Serial == ""):
		return "usb"
	}
	return ""
}

// checkIdentity checks that exactly one of path and usb identifies the port.
func (k *checker) checkIdentity(p serial.Config) {
	at := func(key string) place { return k.at("ports", p.ID, key) }
	switch {
	case !k.sound("ports", p.ID, "path") || !k.sound("ports", p.ID, "usb"):
	case p.Path == "" && p.USB == "" && !k.root.get("ports", p.ID).broken:
		k.fault(k.at("ports", p.ID), fmt.Sprintf("%s has neither path nor usb", bracket("ports."+p.ID)),
			"minirelay ports lists the adapters and the paths to write")
	case p.Path != "" && p.USB != "":
		k.fault(at("usb"), fmt.Sprintf("%s has both path and usb", bracket("ports."+p.ID)), "keep one of the two")
	case p.USB != "" && !usbID.MatchString(p.USB):
		k.fault(at("usb"), fmt.Sprintf("usb = %q is not a USB id", p.USB), "write vendor and product as minirelay ports shows them, for example 2341:0043")
	}
	if p.Serial != "" && p.USB == "" && k.sound("ports", p.ID, "usb") {
		k.fault(at("serial"), "serial has no effect without usb", `add usb = "vvvv:pppp", or leave it out`)
	}
}

// checkRS485 checks the settings that control an adapter's direction.
func (k *checker) checkRS485(p serial.Config) {
	at := k.at("ports", p.ID, "rs485")
	if p.ServerAddress() != "" && p.RS485 != "off" && k.has("ports", p.ID, "rs485") {
		k.fault(at, "rs485 has no effect for a serial server", "leave it out: the server switches by itself")
	}
	unset := serial.Default().RS485Config
	if p.RS485 == "off" && p.RS485Config != unset && k.sound("ports", p.ID, "rs485") {
		for key, set := range map[string]bool{"rts_low": p.RTSLow, "rts_before": p.RTSBefore > 0, "rts_after": p.RTSAfter > 0} {
			if set && k.has("ports", p.ID, key) {
				k.fault(k.at("ports", p.ID, key), key+" has no effect without rs485", `add rs485 = "kernel" or "rts", or leave it out`)
			}
		}
	}
}

// hostAndPort is an address without a scheme.
var hostAndPort = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*:\d{1,5}$`)

// checkSpeed warns about a speed that no device has by default: a digit is missing, or one too many.
func (k *checker) checkSpeed(p serial.Config) {
	if !k.has("ports", p.ID, "baud") || slices.Contains(usualBauds, p.Baud) {
		return
	}
	try := "usual ones are 9600, 19200, 38400, 57600 and 115200"
	if meant, ok := nearestBaud(p.Baud); ok {
		try = fmt.Sprintf("did you mean %d?", meant)
	}
	k.warning(k.at("ports", p.ID, "baud"), fmt.Sprintf("baud = %d is an unusual speed", p.Baud), try)
}

// checkAddresses warns about two devices of one address on one port: each would show the values of the other.
func (k *checker) checkAddresses(d mapping.DeviceConfig, before []mapping.DeviceConfig) {
	for _, other := range before {
		if other.Port != d.Port || other.Codec != d.Codec {
			continue
		}
		key := ""
		switch {
		case strings.HasPrefix(d.Codec, "modbus-") && d.ModbusUnit > 0 && d.ModbusUnit == other.ModbusUnit:
			key = "unit"
		case d.Codec == "dlt645" && d.Address != "" && d.Address == other.Address:
			key = "address"
		}
		if key != "" && k.has("devices", d.ID, key) && k.has("devices", other.ID, key) {
			k.warning(k.at("devices", d.ID, key), fmt.Sprintf("[devices.%s] has the same %s on this port", other.ID, key),
				"give each its own, unless both tables describe one device; the other is at "+k.at("devices", other.ID, key).String())
			return
		}
	}
}

func (k *checker) checkPath(p serial.Config) {
	at := k.at("ports", p.ID, "path")
	if scheme, address, ok := strings.Cut(p.Path, "://"); ok && (scheme == "tcp" || scheme == "rfc2217") {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			k.fault(at, fmt.Sprintf("path = %q is not the address of a serial server", p.Path), "write it like "+scheme+"://192.168.1.20:4001")
		}
		return
	}
	if _, address, ok := strings.Cut(p.Path, "://"); ok || hostAndPort.MatchString(p.Path) {
		if !ok {
			address = p.Path
		}
		if address, _, _ = strings.Cut(address, "/"); hostAndPort.MatchString(address) {
			k.fault(at, fmt.Sprintf("path = %q is not the path of a device file", p.Path), fmt.Sprintf("for a serial server write %q", "tcp://"+address))
			return
		}
	}
	if !filepath.IsAbs(p.Path) {
		k.fault(at, fmt.Sprintf("path = %q is not the path of a device file", p.Path), "write it in full, for example /dev/ttyACM0; minirelay ports lists them")
	}
}

func (k *checker) checkDevices() {
	var ports []string
	for _, p := range k.doc.Ports {
		ports = append(ports, p.ID)
	}
	first := map[string]mapping.DeviceConfig{} // by port
	for i, d := range k.doc.Devices {
		table := k.root.get("devices", d.ID)
		k.checkAddresses(d, k.doc.Devices[:i])
		if relay.ReservedDevice(d.ID) {
			k.fault(table.key, fmt.Sprintf("%q cannot be a device: it is a topic of the gateway", d.ID), "choose another name")
		}
		if k.has("devices", d.ID, "port") {
			at := k.at("devices", d.ID, "port")
			if !slices.Contains(ports, d.Port) {
				if k.whole {
					k.reference(at, fmt.Sprintf("there is no port %q", d.Port), d.Port, ports)
				}
			} else if o, ok := first[d.Port]; !ok {
				first[d.Port] = d
			} else if why := devices.CannotShare(o, d); why != "" && k.has("devices", d.ID, "codec") && k.has("devices", o.ID, "codec") {
				k.fault(at, fmt.Sprintf("the port %q is taken by %s: %s", d.Port, bracket("devices."+o.ID), why),
					"give each its own port; the other is at "+k.at("devices", o.ID, "port").String())
			}
		}
		k.checkCodecKeys(d)
		for _, p := range k.doc.Ports {
			if p.ID == d.Port {
				k.checkProfile(d, p)
			}
		}
		if len(d.Fields)+len(d.Commands) == 0 && !table.broken && k.sound("devices", d.ID, "fields") && k.sound("devices", d.ID, "commands") {
			k.warning(table.key, fmt.Sprintf("the device %q has neither fields nor commands", d.ID),
				fmt.Sprintf("add [devices.%s.fields.…] for its data", d.ID))
		}
		k.checkModel(d)
		k.checkMapping(d)
		k.checkFields(d)
		k.checkCommands(d)
		k.advise(d)
	}
}

// checkMapping reports the problems that package devices finds in a mapping.
func (k *checker) checkMapping(d mapping.DeviceConfig) {
	for _, p := range devices.CheckDevice(d) {
		table := []string{"devices", d.ID}
		switch {
		case p.Field != "":
			table = append(table, "fields", p.Field)
		case p.Table != "":
			table = append(table, strings.Split(p.Table, ".")...)
		case p.Command != "":
			table = append(table, "commands", p.Command)
		}
		names := append(slices.Clone(table), p.Key)
		if n := k.root.get(table...); n == nil || n.broken || !k.sound(names...) || !k.sound(append(table, "type")...) {
			continue
		}
		at, what, try := k.at(names...), p.Key+": "+p.What, p.Try
		switch p.Key {
		case "confirm", "field":
			field := k.text(names)
			known := k.root.get("devices", d.ID, "fields", field) != nil
			if !known && (!k.whole || k.misspelt("devices", d.ID, "fields")) || known && !k.sound("devices", d.ID, "fields", field, "type") {
				continue // it may be in a part that could not be read
			}
			if !known {
				try = didYouMean(field, fieldIDs(d), "there are ")
			}
		case "expect", "refuse":
			if !p.Regexp {
				break
			}
			if why, part, ok := patternFault(k.root.get(names...)); ok {
				at, what = at.within(part), p.Key+": it is not a regular expression: "+why
			}
		}
		k.fault(at, what, try)
	}
}

// advise warns about port settings that a device is unlikely to want. A profile knows the device's factory settings,
// and has already been compared with the port.
func (k *checker) advise(d mapping.DeviceConfig) {
	i := slices.IndexFunc(k.doc.Ports, func(p serial.Config) bool { return p.ID == d.Port })
	if i < 0 || !k.has("devices", d.ID, "port") || !k.has("devices", d.ID, "codec") || k.root.get("ports", d.Port).broken {
		return
	}
	for _, p := range devices.Advise(k.doc.Ports[i], d) {
		switch {
		case p.Command != "" || p.Field != "":
			names := []string{"devices", d.ID, "fields", p.Field, p.Key}
			if p.Command != "" {
				names[2], names[3] = "commands", p.Command
			}
			if k.has(names...) {
				k.warning(k.at(names...), p.Key+": "+p.What, p.Try)
			}
		case d.Profile == "":
			k.warning(k.at("devices", d.ID, p.Key), p.What, p.Try)
		}
	}
}

// text returns the text at a path, or "".
func (k *checker) text(names []string) string {
	if n := k.root.get(names...); n != nil {
		text, _ := n.value.(string)
		return text
	}
	return ""
}

func fieldIDs(d mapping.DeviceConfig) []string {
	var ids []string
	for _, f := range d.Fields {
		ids = append(ids, f.ID)
	}
	return ids
}

// patternFault returns the reason why a value is not a regular expression, and the part of it that causes the error,
// spelled as in the file. The placeholders {seq} and {value} count as letters.
func patternFault(n *node) (why, part string, ok bool) {
	if n == nil {
		return "", "", false
	}
	expression, _ := n.value.(string)
	const seq, value = "\ue000", "\ue001" // private use: not found in real expressions
	_, err := syntax.Parse(strings.NewReplacer("{seq}", seq, "{value}", value).Replace(expression), syntax.Perl)
	e, isSyntax := err.(*syntax.Error)
	if !isSyntax {
		return "", "", false
	}
	part = strings.NewReplacer(seq, "{seq}", value, "{value}").Replace(e.Expr)
	return fmt.Sprintf("%s: %s", e.Code, part), part, true
}

func (k *checker) checkFields(d mapping.DeviceConfig) {
	for _, f := range d.Fields {
		if f.ID == "ts" {
			k.fault(k.root.get("devices", d.ID, "fields", f.ID).key, "a field cannot be called \"ts\": the state carries its time there",
				"choose another name; key = \"ts\" can stay its name on the wire")
		}
		names := []string{"devices", d.ID, "fields", f.ID, "stale_after"}
		if k.has(names...) && k.sound("devices", d.ID, "offline_after") && f.StaleAfter > d.OfflineAfter && f.Poll == 0 {
			k.warning(k.at(names...), fmt.Sprintf("stale_after = %v is longer than the device's offline_after = %v, which comes first", f.StaleAfter, d.OfflineAfter),
				"make it shorter, or leave it out")
		}
	}
}

// checkCommands checks for settings that the mapping allows but users rarely want, and for keys that have no effect.
func (k *checker) checkCommands(d mapping.DeviceConfig) {
	for _, c := range d.Commands {
		names := func(key string) []string { return []string{"devices", d.ID, "commands", c.ID, key} }
		if !k.sound(names("type")...) {
			continue
		}
		if k.has(names("step")...) {
			switch {
			case c.Type != relay.TypeNumber:
				k.fault(k.at(names("step")...), "step: it has no effect for type "+string(c.Type), "leave it out")
			case c.Step <= 0:
				k.fault(k.at(names("step")...), "step: it must be greater than 0", "leave it out if any value is allowed")
			}
		}
		if k.has(names("max_length")...) && c.Type != relay.TypeText {
			k.fault(k.at(names("max_length")...), "max_length: it has no effect for type "+string(c.Type), "leave it out")
		}
		if d.Codec != "binary" && d.Codec != "at" && k.has(names("send")...) && !strings.HasSuffix(c.Send, "\n") && !strings.HasSuffix(c.Send, "\r") {
			k.warning(k.at(names("send")...), "send has no line end: most boards wait for one", `end it with \n, in double quotes`)
		}
	}
}
