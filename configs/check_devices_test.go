package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPortFaults(t *testing.T) {
	testRows(t, []row{
		{"port id", "[ports.uno]", "[ports.UNO]",
			"8:8: \"UNO\" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit, for example \"uno\"; write the text for people into its name\n" +
				"12:8: there is no port \"uno\" | did you mean \"UNO\"?"},
		{"port without identity", path, "",
			"8:8: [ports.uno] has neither path nor usb | minirelay ports lists the adapters and the paths to write"},
		{"port with both", path, path + "usb = \"2341:0043\"\n",
			"10:7: [ports.uno] has both path and usb | keep one of the two"},
		{"serial alone", path, path + "serial = \"1\"\n",
			`10:10: serial has no effect without usb | add usb = "vvvv:pppp", or leave it out`},
		{"usb", path, "usb = \"2341-0043\"\n",
			`9:7: usb = "2341-0043" is not a USB id | write vendor and product as minirelay ports shows them, for example 2341:0043`},
		{"usb is enough", path, "usb = \"2341:0043\"\nserial = \"7543\"\n",
			""},
		{"relative path", path, "path = \"ttyACM0\"\n",
			`9:8: path = "ttyACM0" is not the path of a device file | write it in full, for example /dev/ttyACM0; minirelay ports lists them`},
		{"serial server", path, "path = \"tcp://192.168.1.20:4001\"\n",
			""},
		{"serial server without port", path, "path = \"tcp://192.168.1.20\"\n",
			`9:8: path = "tcp://192.168.1.20" is not the address of a serial server | write it like tcp://192.168.1.20:4001`},
		{"misspelt port key", path, path + "buad = 115200\n",
			`10:1: unknown key "buad" in [ports.uno] | did you mean "baud"?`},
		{"misspelt path", path, "pth = \"/dev/ttyACM0\"\n",
			`9:1: unknown key "pth" in [ports.uno] | did you mean "path"?`},
		{"baud low", path, path + "baud = 49\n",
			"10:8: baud = 49 is too small | it can be 50 to 4000000"},
		{"baud high", path, path + "baud = 4000001\n",
			"10:8: baud = 4000001 is too large | it can be 50 to 4000000"},
		{"baud no number", path, path + "baud = \"fast\"\nserial = 5\nusb = [\"a\"]\n",
			"10:8: baud must be a whole number, not a text | it can be 50 to 4000000\n" +
				"11:10: serial must be a text, not a whole number | put it in quotes: \"5\"\n" +
				"12:7: usb must be a text, not a list | write it in quotes, for example \"text\""},
		{"baud a text", path, path + "baud = \"9600\"\n",
			"10:8: baud must be a whole number, not a text | leave the quotes out: 9600"},
		{"data_bits", path, path + "data_bits = 9\n",
			"10:13: data_bits = 9 is too large | it can be 5 to 8"},
		{"parity", path, path + "parity = \"evn\"\n",
			`10:10: parity cannot be "evn" | did you mean "even"? it can be none, odd, even, mark, space`},
		{"parity empty", path, path + "parity = \"\"\n",
			`10:10: parity cannot be "" | it can be none, odd, even, mark, space`},
		{"stop_bits", path, path + "stop_bits = 1.5\n",
			"10:13: stop_bits cannot be 1.5 | it can be 1, 2"},
		{"same path", "", "[ports.two]\npath = \"/dev/../dev/ttyACM0\"\n",
			"27:8: [ports.two] is the same port as [ports.uno] | only one table can describe a port; the other is at x.toml:9:8"},
		{"same usb", path, "usb = \"2341:0043\"\n[ports.two]\nusb = \"2341:0043\"\n",
			"11:7: [ports.two] is the same port as [ports.uno] | only one table can describe a port; the other is at x.toml:9:7"},
		{"same usb, one with a serial number", path, "usb = \"2341:0043\"\n[ports.two]\nusb = \"2341:0043\"\nserial = \"1\"\n",
			"11:7: [ports.two] is the same port as [ports.uno] | only one table can describe a port; the other is at x.toml:9:7"},
		{"same usb, other serial numbers", path, "usb = \"2341:0043\"\nserial = \"2\"\n[ports.two]\nusb = \"2341:0043\"\nserial = \"1\"\n",
			`warning 11:8: no device uses the port "two": it is not opened | write port = "two" in a device, or leave the port out`},
		{"unused port", "", "[ports.two]\npath = \"/dev/ttyUSB0\"\n",
			`warning 26:8: no device uses the port "two": it is not opened | write port = "two" in a device, or leave the port out`},
		{"unknown port", port, "port = \"uni\"\n",
			`12:8: there is no port "uni" | did you mean "uno"?`},
		{"no ports at all", "[ports.uno]\n" + path, "",
			`10:8: there is no port "uno" | there are none yet: add it`},
		{"unknown port like no other", port, "port = \"rs485\"\n",
			`12:8: there is no port "rs485" | there are uno`},
		{"port missing", port, "",
			"11:10: port is missing in [devices.greenhouse] | add port = …: it is its port: the ID of a [ports.ID] table"},
		{"codec missing", "codec = \"json\"\n", "",
			"11:10: codec is missing in [devices.greenhouse] | add codec = …, one of " + codecWords()},
		{"codec", "codec = \"json\"\n", "codec = \"telepathy\"\n",
			`13:9: codec cannot be "telepathy" | it can be ` + codecWords()},
		{"shared port", "", "[devices.two]\nport = \"uno\"\ncodec = \"json\"\nfields.x.type = \"text\"\n",
			`27:8: the port "uno" is taken by [devices.greenhouse]: their lines cannot be distinguished without a match in each | give each its own port; the other is at x.toml:12:8`},
		{"reserved device", "[devices.greenhouse]", "[devices.status]\nport = \"uno\"\ncodec = \"json\"\nfields.x.type = \"text\"\n[ports.b]\npath = \"/dev/b\"\n[devices.greenhouse]",
			"11:10: \"status\" cannot be a device: it is a topic of the gateway | choose another name\n" +
				"18:8: the port \"uno\" is taken by [devices.status]: their lines cannot be distinguished without a match in each | give each its own port; the other is at x.toml:12:8"},
		{"device without anything", "", "[ports.b]\npath = \"/dev/b\"\n[devices.two]\nport = \"b\"\ncodec = \"json\"\n",
			`warning 28:10: the device "two" has neither fields nor commands | add [devices.two.fields.…] for its data`},
	})
}

func TestMappingFaults(t *testing.T) {
	testRows(t, []row{
		{"checksum", port, port + "checksum = \"crc\"\n",
			`13:12: checksum cannot be "crc" | it can be none, xor8, sum8, crc16-modbus, crc16-ccitt, crc32, ve-direct`},
		{"max_frame", port, port + "max_frame = 15\n",
			"13:13: max_frame = 15 is too small | it can be 16 to 65536"},
		{"offline_after no duration", port, port + "offline_after = \"10\"\n",
			`13:17: offline_after = "10" is not a duration | write numbers with their units, for example "500ms", "10s", "2m" or "24h"`},
		{"offline_after a number", port, port + "offline_after = 10\n",
			`13:17: offline_after must be a duration such as "10s", not a whole number | add the unit and quotes, for example "10s"`},
		{"offline_after short", port, port + "offline_after = \"1ms\"\n",
			"13:17: offline_after = 1ms is too small | it can be 100ms to 24h"},
		{"min_interval", port, port + "min_interval = \"-1s\"\n",
			"13:16: min_interval = -1s is too small | it can be 0s to 1h"},
		{"publish", port, port + "publish = \"changes\"\n",
			`13:11: publish cannot be "changes" | did you mean "change"? it can be all, change`},
		{"name", port, port + "name = 5\n",
			`13:8: name must be a text or a table of languages, not a whole number | put it in quotes: "5"`},
		{"name of a language", port, port + "name = { zh = 5 }\n",
			`13:15: zh of name must be a text, not a whole number | put it in quotes: "5"`},
		{"name of no language", port, port + "name = {}\n",
			`13:8: name has no language | write a text, or a text for each language, for example { zh = "温室", en = "Greenhouse" }`},
		{"device topic with a wildcard", port, port + "topic = \"home/+\"\n",
			"13:9: a topic to publish to has no + and no # | name one topic, for example home/greenhouse/temperature"},
		{"device topic below the root", port, port + "topic = \"minirelay/x\"\n",
			"13:9: topics below minirelay belong to the gateway | use another first level, for example home/…"},
		{"device topic of the broker", port, port + "topic = \"$SYS/x\"\n",
			"13:9: topics that begin with $ belong to the broker | use another first level, for example home/…"},
		{"device topic too long", port, port + "topic = \"a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q\"\n",
			"13:9: the topic is too long | use at most 256 bytes and 16 levels"},
		{"same topic", "", "topic = \"home/x\"\n[devices.greenhouse.fields.x]\ntype = \"text\"\ntopic = \"home/x\"\n",
			`26:9: the topic "home/x" is taken by [devices.greenhouse.fields.x] | give each its own; the other is at x.toml:29:9`},
		{"field id", "fields.temperature]", "fields.Temperature]",
			`15:28: "Temperature" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit, for example "temperature"; write the text for people into its name`},
		{"field of the time", "fields.temperature]", "fields.ts]",
			`15:28: a field cannot be called "ts": the state carries its time there | choose another name; key = "ts" can stay its name on the wire`},
		{"field type missing", temperature, "",
			"15:28: type is missing in [devices.greenhouse.fields.temperature] | add type = …, one of number, bool, enum, text"},
		{"field type", temperature, "type = \"numbr\"\n",
			`17:8: type cannot be "numbr" | did you mean "number"? it can be number, bool, enum, text`},
		{"field type none", temperature, "type = \"none\"\n",
			`17:8: type cannot be "none" | it can be number, bool, enum, text`},
		{"field key", temperature, temperature + "max = 5\nkey.x = 1\n",
			`19:1: "key" is here and in x.toml:16:1 | keep one of the two`},
		{"key of a computed field", "", "[devices.greenhouse.fields.x]\ntype = \"number\"\nkey = \"x\"\nexpr = \"temperature * 2\"\n",
			"28:1: key is about data on the wire, and this field is computed | leave it out, and put the calculation into expr"},
		{"expression", "", "[devices.greenhouse.fields.x]\ntype = \"number\"\nexpr = \"temprature * 2\"\n",
			"28:8: expr: unknown name temprature, at character 1 | the fields are temperature, pump"},
		{"empty part of a key", "key = \"t\"\n", "key = \"a..b\"\n",
			`16:7: key: "a..b" has an empty part | write nested keys like "air.temperature", elements of arrays like "probes[0].t"`},
		{"scale", temperature, temperature + "scale = 0\n",
			"18:9: scale: a number cannot be scaled by 0 | leave it out for 1"},
		{"scale infinite", temperature, temperature + "scale = inf\n",
			"18:9: scale must be a finite number | write a number, or leave it out"},
		{"bounds", temperature, temperature + "min = 5\nmax = 4\n",
			"18:7: min: min 5 is greater than max 4: no value is possible | swap the two"},
		{"decimals", temperature, temperature + "decimals = 7\n",
			"18:12: decimals = 7 is too large | it can be 0 to 6"},
		{"stale_after", temperature, temperature + "stale_after = \"31s\"\n",
			"warning 18:15: stale_after = 31s is longer than the device's offline_after = 30s, which comes first | make it shorter, or leave it out"},
		{"number with values", temperature, temperature + "values = { a = \"1\" }\n",
			"18:10: values: it has no effect for type number | leave it out"},
		{"bool with number keys", pump, pump + "min = 0\nscale = 2\n",
			"21:7: min: it has no effect for type bool | leave it out\n" +
				"22:9: scale: it has no effect for type bool | leave it out"},
		{"bool with half of the values", pump, pump + "values = { true = \"1\" }\n",
			`21:10: values: false is missing | write both, for example { true = "1", false = "0" }`},
		{"bool with more values", pump, pump + "values = { true = \"1\", false = \"0\", on = \"2\" }\n",
			`21:10: values: "on" is not one of true, false | write { true = "1", false = "0" }`},
		{"bool with numbers", pump, pump + "values = { true = 1, false = 0 }\n",
			"21:19: true of values must be a text, not a whole number | put it in quotes: \"1\"\n" +
				"21:30: false of values must be a text, not a whole number | put it in quotes: \"0\""},
		{"bool with equal values", pump, pump + "values = { true = \"1\", false = \"1\" }\n",
			`21:10: values: "1" represents both true and false | give each its own text`},
		{"bool with options", pump, pump + "options = [{ value = \"a\" }]\n",
			`21:11: options: only an enum has options | leave it out, or use type = "enum"`},
		{"enum without choices", temperature, "type = \"enum\"\n",
			`15:28: options: an enum needs options | write options = [{ value = "auto" }, { value = "manual" }]`},
		{"enum with equal choices", temperature, "type = \"enum\"\noptions = [{ value = \"a\" }, { value = \"a\" }]\n",
			`18:11: options: the option "a" is empty or occurs twice | give each option its own value`},
		{"enum with an unknown value", temperature, "type = \"enum\"\noptions = [{ value = \"a\" }]\nvalues = { b = \"1\" }\n",
			`19:10: values: "b" is not one of a | write each option with its form on the wire, for example { auto = "1" }`},
		{"option without value", temperature, "type = \"enum\"\noptions = [{ name = \"a\" }]\n",
			"18:12: value is missing in [devices.greenhouse.fields.temperature.options] | add value = …: it is the option as it appears in commands and in the state"},
		{"option no table", temperature, "type = \"enum\"\noptions = [\"a\", \"b\"]\n",
			`18:12: devices.greenhouse.fields.temperature.options holds a text where a table is expected | write [{ value = "a" }, { value = "b" }]`},
		{"options no list", temperature, "type = \"enum\"\noptions = { a = 1 }\n",
			"18:11: options must be a list of tables, not a table | write it in brackets, [ { … }, { … } ]"},
		{"command type missing", command, "commands.pump]\n",
			"22:30: type is missing in [devices.greenhouse.commands.pump] | add type = …, one of number, bool, enum, text, none"},
		{"send missing", send, "",
			"22:30: send: it is missing or empty | write the line to send, for example \"PUMP {value} #{seq}\\n\""},
		{"send misspelt", send, "sned = \"x\"\n",
			`24:1: unknown key "sned" in [devices.greenhouse.commands.pump] | did you mean "send"?`},
		{"send empty", send, "send = \"\"\n",
			"24:8: send: it is missing or empty | write the line to send, for example \"PUMP {value} #{seq}\\n\""},
		{"send without value", send, "send = \"PUMP\\n\"\n",
			`24:8: send: it does not contain the value | write {value} where the value belongs, or use type = "none"`},
		{"send without line end", send, "send = \"PUMP {value}\"\n",
			`warning 24:8: send has no line end: most boards wait for one | end it with \n, in double quotes`},
		{"send with an unknown placeholder", send, "send = \"PUMP {value} {sek}\\n\"\n",
			"24:8: send: unknown placeholder {sek} | use {value} and {seq}"},
		{"send none with value", "", "[devices.greenhouse.commands.reset]\ntype = \"none\"\nsend = \"R {value}\\n\"\n",
			"28:8: send: the command has no value for {value} | leave {value} out, or give the command another type"},
		{"none with a confirmed field", "", "[devices.greenhouse.commands.reset]\ntype = \"none\"\nsend = \"R\\n\"\nconfirm = \"pump\"\n",
			"29:11: confirm: a command without a value has nothing to read back | leave it out"},
		{"expect", send, send + "expect = \"^OK (#{seq}\"\n",
			`25:11: expect: it is not a regular expression: missing closing ): ^OK (#{seq} | in a plain text, write \ before each of ( ) [ ] { } . * + ? ^ $ |`},
		{"expect of a range", send, send + "expect = \"^OK [9-0]\"\n",
			`25:16: expect: it is not a regular expression: invalid character class range: 9-0 | in a plain text, write \ before each of ( ) [ ] { } . * + ? ^ $ |`},
		{"refuse", send, send + "refuse = \"^ERR **\"\n",
			`25:16: refuse: it is not a regular expression: invalid nested repetition operator: ** | in a plain text, write \ before each of ( ) [ ] { } . * + ? ^ $ |`},
		{"expect waits for what is not sent", send, "send = \"P {value}\\n\"\nexpect = \"^OK {seq}\"\n",
			"25:10: expect: it expects {seq}, which send does not contain | add {seq} to send if the board repeats it"},
		{"expect fits everything", send, send + "expect = \".*\"\n",
			`25:10: expect: it matches every line, even an empty one | write the answer of the board, for example "^OK #{seq}$"`},
		{"confirm no field", confirm, "confirm = \"pmp\"\n",
			`25:11: confirm: there is no field "pmp" | did you mean "pump"?`},
		{"confirm of another type", confirm, "confirm = \"temperature\"\n",
			`25:11: confirm: the field "temperature" has type number, the command bool: they can never be equal | name a field of the same type`},
		{"field no field", confirm, confirm + "field = \"pmp\"\n",
			`26:9: field: there is no field "pmp" | did you mean "pump"?`},
		{"tolerance of a bool", confirm, confirm + "tolerance = 1\n",
			"26:13: tolerance: it has no effect without a number that is read back | leave it out, or name a field in confirm"},
		{"tolerance", confirm, confirm + "tolerance = -1\n",
			"26:13: tolerance = -1 is too small | it can be 0 or more"},
		{"retries without idempotent", confirm, confirm + "retries = 1\n",
			"26:11: retries: a command that is written again could act twice | write idempotent = true if a second write does no harm, or leave retries out"},
		{"retries without an answer", confirm, "idempotent = true\nretries = 1\n",
			"26:11: retries: without expect or confirm the gateway cannot see an answer | add one of them, or leave retries out"},
		{"too many retries", confirm, confirm + "idempotent = true\nretries = 11\n",
			"27:11: retries = 11 is too large | it can be 0 to 10"},
		{"timeout", confirm, confirm + "timeout = \"2m\"\n",
			"26:11: timeout = 2m is too large | it can be 10ms to 60s"},
		{"max_age", confirm, confirm + "max_age = \"61s\"\n",
			"26:11: max_age = 61s is too large | it can be 100ms to 60s"},
		{"idempotent a text", confirm, confirm + "idempotent = \"true\"\n",
			"26:14: idempotent must be true or false, not a text | leave the quotes out: true"},
		{"step of a bool", confirm, confirm + "step = 1\n",
			"26:8: step: it has no effect for type bool | leave it out"},
		{"step", "", "[devices.greenhouse.commands.n]\ntype = \"number\"\nsend = \"N {value}\\n\"\nstep = 0\nmin = 2\nmax = 1\n",
			"29:8: step: it must be greater than 0 | leave it out if any value is allowed\n" +
				"30:7: min: min 2 is greater than max 1: no value is possible | swap the two"},
		{"max_length of a bool", confirm, confirm + "max_length = 5\n",
			"26:14: max_length: it has no effect for type bool | leave it out"},
		{"allow of a bool", confirm, confirm + "allow = \"[a-z]\"\n",
			"26:9: allow: it has no effect for type bool | leave it out"},
		{"allow, no class", "", "[devices.greenhouse.commands.n]\ntype = \"text\"\nsend = \"N {value}\\n\"\nallow = \"[a-z]|x]\"\n",
			`29:9: allow: "[a-z]|x]" is not a class of characters | write the allowed characters between [ and ], for example "[A-Za-z0-9 .-]"`},
		{"quotes, none in send", "", "[devices.greenhouse.commands.n]\ntype = \"text\"\nsend = \"N {value}\\n\"\nallow = \"[a-z]\"\nquotes = \"csv\"\n",
			`30:10: quotes: send has no {value} between double quotes | write it like 'SAY "{value}"', or leave quotes out`},
		{"quotes unknown", "", "[devices.greenhouse.commands.n]\ntype = \"text\"\nsend = \"N \\\"{value}\\\"\\n\"\nquotes = \"sql\"\n",
			`29:10: quotes cannot be "sql" | it can be json, csv, at`},
		{"text that could be more", "", "[devices.greenhouse.commands.n]\ntype = \"text\"\nsend = \"N {value}\\n\"\n",
			`warning 28:8: send: a text may contain separators, behind which the device may read another value or command | name the characters that are allowed, for example allow = "[A-Za-z0-9 ]", or how the device reads a text between double quotes: quotes = "json", "csv" or "at"`},
		{"max_length", "", "[devices.greenhouse.commands.n]\ntype = \"text\"\nsend = \"N {value}\\n\"\nmax_length = 2000\n",
			"29:14: max_length = 2000 is too large | it can be 1 to 1024"},
		{"command topic", confirm, confirm + "topic = \"minirelay\"\n",
			"26:9: topics below minirelay belong to the gateway | use another first level, for example home/…"},
	})
}

func TestRS485Faults(t *testing.T) {
	for extra, want := range map[string]string{
		"rs485 = \"kernel\"\nrts_low = true\nrts_after = \"1ms\"\n": "",
		"rs485 = \"auto\"\n":    `10:9: rs485 cannot be "auto" | it can be off, kernel, rts`,
		"rts_low = true\n":      `10:11: rts_low has no effect without rs485 | add rs485 = "kernel" or "rts", or leave it out`,
		"rts_before = \"1s\"\n": `10:14: rts_before = 1s is too large | it can be 0s to 100ms`,
	} {
		_, err := loadText(t, strings.Replace(sound, "path = \"/dev/ttyACM0\"\n", "path = \"/dev/ttyACM0\"\n"+extra, 1))
		if got := told(faultsOf(t, err)); got != want {
			t.Errorf("%q: got\n%s\nwant\n%s", extra, got, want)
		}
	}
	_, err := loadText(t, strings.Replace(sound, `"/dev/ttyACM0"`, "\"tcp://a:1\"\nrs485 = \"rts\"", 1))
	if got, want := told(faultsOf(t, err)), `10:9: rs485 has no effect for a serial server | leave it out: the server switches by itself`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestServerAddresses(t *testing.T) {
	for path, want := range map[string]string{
		"tcp://10.0.0.1:4001":     "",
		"rfc2217://10.0.0.1:2217": "",
		"rfc2217://10.0.0.1":      `9:8: path = "rfc2217://10.0.0.1" is not the address of a serial server | write it like rfc2217://192.168.1.20:4001`,
		"http://10.0.0.1:80":      `9:8: path = "http://10.0.0.1:80" is not the path of a device file | for a serial server write "tcp://10.0.0.1:80"`,
	} {
		_, err := loadText(t, strings.Replace(sound, "/dev/ttyACM0", path, 1))
		if got := told(faultsOf(t, err)); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
		}
	}
}

// A device whose model is too large for its clients is a fault, and not silence on their screens.
func TestLargeModel(t *testing.T) {
	var b strings.Builder
	b.WriteString("[gateway]\nid = \"home\"\n[ports.p]\npath = \"/dev/ttyS0\"\n[devices.wide]\nport = \"p\"\ncodec = \"json\"\n")
	for n := range 1000 {
		fmt.Fprintf(&b, "[devices.wide.fields.f%d]\ntype = \"number\"\nname = %q\n", n, strings.Repeat("n", 600))
	}
	path := filepath.Join(t.TempDir(), "wide.toml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(path)
	if faults := faultsOf(t, err); len(faults) != 1 || !strings.Contains(faults[0].What, `the device "wide" is described in 624 kB, and clients get at most 512 kB`) || faults[0].Line != 5 {
		t.Errorf("%+v", faults)
	}
}
