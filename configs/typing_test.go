package configs

import (
	"regexp"
	"strings"
	"testing"

	"minirelay/locale"
)

// typed is a config of a board and a Modbus unit, into which the rows put slips.
const typed = `[gateway]
id = "home"
[users.phone]
password_hash = "$argon2id$v=19$m=7168,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"
devices = ["greenhouse"]
[ports.uno]
path = "/dev/ttyACM0"
baud = 115200
[devices.greenhouse]
port = "uno"
codec = "json"
[devices.greenhouse.fields.temperature]
type = "number"
[devices.greenhouse.fields.pump]
type = "bool"
values = { true = "1", false = "0" }
[devices.greenhouse.commands.pump]
type = "bool"
send = "PUMP {value} #{seq}\n"
confirm = "pump"
[ports.bus]
path = "/dev/ttyUSB0"
[devices.relay]
port = "bus"
codec = "modbus-rtu"
unit = 1
[devices.relay.fields.k1]
register = "coil:0"
type = "bool"
[devices.relay.commands.k1]
register = "coil:0"
type = "bool"
confirm = "k1"
`

// slip is one typing mistake: old, which is replaced by new, everywhere if it begins with *; with "" new is appended. want is
// everything that is said about it, with "warning " in front if the config can still be used.
type slip struct{ name, old, new, want string }

func (s slip) in(t *testing.T) string {
	t.Helper()
	all, everywhere := strings.CutPrefix(s.old, "*")
	switch {
	case s.old == "":
		return typed + s.new
	case !strings.Contains(typed, all):
		t.Fatalf("%s: there is no %q", s.name, all)
	case everywhere:
		return strings.ReplaceAll(typed, all, s.new)
	}
	return strings.Replace(typed, s.old, s.new, 1)
}

// One slip of a person, with a Chinese keyboard or from a manual, causes one fault, which says what it is and what to
// write; in Chinese too.
func TestTyping(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}`)
	for _, s := range slips {
		t.Run(s.name, func(t *testing.T) {
			c, err := loadText(t, s.in(t))
			got, all := "", faultsOf(t, err)
			if err != nil {
				got = told(all)
			} else if all = c.Warnings; len(all) > 0 {
				got = "warning " + told(all)
			}
			if got != s.want {
				t.Errorf("got\n%s\nwant\n%s", got, s.want)
			}
			if len(all) > 1 {
				t.Errorf("%d faults for one slip", len(all))
			}
			for _, f := range all {
				for _, sentence := range []string{f.What, f.Try} {
					if text := locale.Chinese.Text(sentence); text == sentence || !han.MatchString(text) {
						t.Errorf("%q in Chinese: %q", sentence, text)
					}
				}
			}
		})
	}
}

var slips = []slip{
	{"full-width =", "baud = 115200", "baud ＝ 115200",
		`8:6: this is "＝", not "=" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width comma", `true = "1", false`, `true = "1"，false`,
		`16:22: this is "，", not "," | switch the input method to English, with half-width characters, and type it again`},
	{"full-width comma in a list", `["greenhouse"]`, `["greenhouse"，"relay"]`,
		`5:22: this is "，", not "," | switch the input method to English, with half-width characters, and type it again`},
	{"ideographic comma", `["greenhouse"]`, `["greenhouse"、"relay"]`,
		`5:22: this is "、", not "," | switch the input method to English, with half-width characters, and type it again`},
	{"full-width colon", "baud = 115200", "baud：115200",
		`8:5: this is "：", not "=" | switch the input method to English, with half-width characters, and type it again`},
	{"black brackets", "[ports.bus]", "【ports.bus】",
		`21:1: this is "【", not "[" | switch the input method to English, with half-width characters, and type it again`},
	{"closing black bracket", "[ports.bus]", "[ports.bus】",
		`21:11: this is "】", not "]" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width brackets", "[ports.bus]", "［ports.bus］",
		`21:1: this is "［", not "[" | switch the input method to English, with half-width characters, and type it again`},
	{"braces of a table", `{ true = "1", false = "0" }`, `｛ true = "1", false = "0" ｝`,
		`16:10: this is "｛", not "{" | switch the input method to English, with half-width characters, and type it again`},
	{"braces in send", "{value}", "｛value｝",
		`19:8: send: this is "｛", not "{" | switch the input method to English, with half-width characters, and type it again`},
	{"no-break space", "baud = 115200", "baud\u00a0= 115200",
		`8:5: this is a no-break space, not a space | delete it and type a space; web pages and word processors make such ones`},
	{"no-break space behind", "baud = 115200", "baud =\u00a0115200",
		`8:7: this is a no-break space, not a space | delete it and type a space; web pages and word processors make such ones`},
	{"full-width space", "baud = 115200", "baud　= 115200",
		`8:5: this is a full-width space, not a space | switch the input method to English, with half-width characters, and type it again`},
	{"full-width digits", "baud = 115200", "baud = １１５２００",
		`8:8: this is "１", not "1" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width letters", "baud = 115200", "ｂａｕｄ = 115200",
		`8:1: this is "ｂ", not "b" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width #", "baud = 115200", "baud = 115200 ＃ fast",
		`8:15: this is "＃", not "#" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width path", `"/dev/ttyACM0"`, `"／dev／ttyACM0"`,
		`7:9: path: this is "／", not "/" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width address", `"/dev/ttyACM0"`, `"tcp：//10.0.0.1:4001"`,
		`7:12: path: this is "：", not ":" | switch the input method to English, with half-width characters, and type it again`},
	{"full-width word", `codec = "json"`, `codec = "ｊson"`,
		`11:10: codec: this is "ｊ", not "j" | switch the input method to English, with half-width characters, and type it again`},
	{"Chinese quotes", `"/dev/ttyACM0"`, `“/dev/ttyACM0”`,
		`7:8: TOML does not use these quotes | use the straight ones, for example "text"; word processors and Chinese keyboards make others`},
	{"single Chinese quotes", `"/dev/ttyACM0"`, `‘/dev/ttyACM0’`,
		`7:8: TOML does not use these quotes | use the straight ones, for example "text"; word processors and Chinese keyboards make others`},
	{"full-width dot", "[ports.bus]", "[ports．bus]",
		`21:7: this is "．", not "." | switch the input method to English, with half-width characters, and type it again`},
	{"Chinese full stop", "[ports.bus]", "[ports。bus]",
		`21:7: this is "。", not "." | switch the input method to English, with half-width characters, and type it again`},
	{"device key below", "[devices.greenhouse.commands.pump]", "offline_after = \"10s\"\n[devices.greenhouse.commands.pump]",
		`17:1: offline_after is a key of [devices.greenhouse], and stands in [devices.greenhouse.fields.pump] | write it directly below [devices.greenhouse]: what follows the header of a table belongs to that table`},
	{"port key below", "[devices.relay.commands.k1]", "poll = \"1s\"\nunit = 2\n[devices.relay.commands.k1]",
		`31:1: unit is a key of [devices.relay], and stands in [devices.relay.fields.k1] | write it directly below [devices.relay]: what follows the header of a table belongs to that table`},
	{"manual's register", `register = "coil:0"`, `register = "holding:40001"`,
		`warning 28:12: register: manuals mean holding:0 by 40001: they count from 40001, and Modbus from 0 | write holding:0, unless the unit really has register 40001`},
	{"two units", "", "[devices.other]\nport = \"bus\"\ncodec = \"modbus-rtu\"\nunit = 1\n[devices.other.fields.k]\nregister = \"coil:0\"\ntype = \"bool\"\n",
		`warning 37:8: [devices.relay] has the same unit on this port | give each its own, unless both tables describe one device; the other is at x.toml:26:8`},
	{"modbus-tcp", `codec = "modbus-rtu"`, `codec = "modbus-tcp"`,
		`25:9: codec cannot be "modbus-tcp" | Modbus TCP is another protocol, which is not supported; behind a serial server, path = "tcp://…", units speak modbus-rtu`},
	{"IP without scheme", `"/dev/ttyUSB0"`, `"192.168.1.20:4001"`,
		`22:8: path = "192.168.1.20:4001" is not the path of a device file | for a serial server write "tcp://192.168.1.20:4001"`},
	{"http", `"/dev/ttyUSB0"`, `"http://192.168.1.20:4001"`,
		`22:8: path = "http://192.168.1.20:4001" is not the path of a device file | for a serial server write "tcp://192.168.1.20:4001"`},
	{"register a number", `register = "coil:0"`, `register = 0`,
		`28:12: register must be a text, not a whole number | write table and address in quotes, for example "holding:0"`},
	{"listen a number", "[ports.uno]", "[broker]\nlisten = 8443\n[ports.uno]",
		`7:10: listen must be a text, not a whole number | write an address in quotes: ":8443"`},
	{"device in Chinese", "*[devices.greenhouse", "[devices.温室",
		`9:10: "温室" cannot be an id | write an id of a-z, 0-9, _ and -, for example greenhouse, and below it name = "温室"`},
	{"quoted device in Chinese", "", "[devices.\"温室\"]\nport = \"bus\"\ncodec = \"modbus-rtu\"\nunit = 3\n[devices.\"温室\".fields.k1]\nregister = \"coil:0\"\ntype = \"bool\"\n",
		`34:10: "温室" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit; write the text for people into its name: name = "温室"`},
	{"key in Chinese", "baud = 115200", "波特率 = 115200",
		`8:1: a key cannot begin like this | the keys are English words, which docs/reference.md lists; texts for people are in quotes`},
	{"options as texts", "type = \"number\"", "type = \"enum\"\noptions = [\"a\", \"b\"]",
		`14:12: devices.greenhouse.fields.temperature.options holds a text where a table is expected | write [{ value = "a" }, { value = "b" }]`},
	{"type int", "type = \"number\"", "type = \"int\"",
		`13:8: type cannot be "int" | did you mean "number"? it can be number, bool, enum, text`},
	{"type float", "type = \"number\"", "type = \"float\"",
		`13:8: type cannot be "float" | did you mean "number"? it can be number, bool, enum, text`},
	{"type string", "type = \"number\"", "type = \"string\"",
		`13:8: type cannot be "string" | did you mean "text"? it can be number, bool, enum, text`},
	{"type boolean", "type = \"number\"", "type = \"boolean\"",
		`13:8: type cannot be "boolean" | did you mean "bool"? it can be number, bool, enum, text`},
	{"type switch", "type = \"number\"", "type = \"switch\"",
		`13:8: type cannot be "switch" | did you mean "bool"? it can be number, bool, enum, text`},
	{"True", "type = \"number\"", "type = \"number\"\nhidden = True",
		`14:10: this is not a value | write true, in small letters`},
	{"True known", `codec = "modbus-rtu"`, "codec = \"modbus-rtu\"\nno_batch = True",
		`26:12: this is not a value | write true, in small letters`},
	{".1", "type = \"number\"", "type = \"number\"\nscale = .1",
		`14:9: this is not a value | write 0.1`},
	{"1/10", "type = \"number\"", "type = \"number\"\nscale = 1/10",
		`14:10: this is not a value | write 0.1`},
	{"0,1", "type = \"number\"", "type = \"number\"\nscale = 0,1",
		`14:10: this is not a value | write 0.1`},
	{"1.", "type = \"number\"", "type = \"number\"\nscale = 1.",
		`14:11: this is not a value | write 1.0`},
	{"on", `codec = "modbus-rtu"`, "codec = \"modbus-rtu\"\nno_batch = on",
		`26:12: this is not a value | write true, in small letters`},
	{"baud 960", "baud = 115200", "baud = 960",
		`warning 8:8: baud = 960 is an unusual speed | did you mean 9600?`},
	{"unit 300", "unit = 1", "unit = 300",
		`26:8: unit = 300 is too large | it can be 0 to 255`},
	{"unit 248", "unit = 1", "unit = 248",
		``},
	{"mistyped device", "[devices.relay.fields.k1]", "[devices.rellay.fields.k1]",
		`27:10: there is no table [devices.rellay] | did you mean "relay"?`},
	{"values on", `{ true = "1", false = "0" }`, `{ on = "1" }`,
		`16:10: values: "on" is not one of true, false | write { true = "1", false = "0" }`},
	{"values on off", `{ true = "1", false = "0" }`, `{ on = "1", off = "0" }`,
		`16:10: values: "off" is not one of true, false | write { true = "1", false = "0" }`},
	{"colon for =", "baud = 115200", "baud: 115200",
		`8:5: there is no = after the key | write key = value, and a table's name as [name]`},
	{"no quotes", `codec = "json"`, `codec = json`,
		`11:9: this is not a value | put it in quotes: "json"`},
	{"buad", "baud = 115200", "buad = 115200",
		`8:1: unknown key "buad" in [ports.uno] | did you mean "baud"?`},
	{"register 40001", `register = "coil:0"`, `register = 40001`,
		`28:12: register must be a text, not a whole number | write table and address in quotes, for example "holding:0"`},
	{"mqtt a number", "[ports.uno]", "[broker]\nmqtt = 1883\n[ports.uno]",
		`7:8: mqtt must be a text, not a whole number | write an address in quotes: "127.0.0.1:1883"`},
	{"zero-width space", "baud = 115200", "baud\u200b = 115200",
		`8:5: there is an invisible character here, U+200B | delete it, or type the line again`},
	{"COM port", `"/dev/ttyUSB0"`, `"COM3"`,
		`22:8: path = "COM3" is not the path of a device file | write it in full, for example /dev/ttyACM0; minirelay ports lists them`},
	{"False", `codec = "modbus-rtu"`, "codec = \"modbus-rtu\"\nno_batch = False",
		`26:12: this is not a value | write false, in small letters`},
	{"expect with full-width braces", "confirm = \"pump\"", "expect = \"OK ｛seq｝\"",
		`20:10: expect: this is "｛", not "{" | switch the input method to English, with half-width characters, and type it again`},
	{"quotes in a comment are no fault", "baud = 115200", "baud = 115200 # 很快，“真的”",
		``},
	{"full-width in a text is no fault", "[ports.uno]", "[devices.greenhouse.fields.note]\nname = \"备注，＝【】\"\ntype = \"text\"\n[ports.uno]",
		``},
	{"device for devices", "[devices.relay]", "[device.relay]",
		`23:2: unknown table [device] | did you mean "devices"?`},
	{"missing quote", `path = "/dev/ttyACM0"`, `path = "/dev/ttyACM0`,
		`7:21: the text has no closing quote in its line | end it with the quote it begins with`},
	{"missing bracket", "[ports.bus]", "[ports.bus",
		`21:11: the table's name has no closing bracket | write [name], or [[name]] for one of several`},
	{"field for fields", "*[devices.relay.fields", "[devices.relay.field",
		`27:16: unknown key "field" in [devices.relay] | did you mean "fields"?`},
	{"mistyped port", `port = "bus"`, `port = "buss"`,
		`24:8: there is no port "buss" | did you mean "bus"?`},
	{"mistyped profile", `codec = "json"`, `profile = "arduino-grenhouse"`,
		`11:11: there is no profile "arduino-grenhouse" | did you mean "arduino-greenhouse"?`},
	{"mistyped confirm", `confirm = "pump"`, `confirm = "pmup"`,
		`20:11: confirm: there is no field "pmup" | did you mean "pump"?`},
	{"mistyped device of a user", `["greenhouse"]`, `["grenhouse"]`,
		`5:12: there is no device "grenhouse" | did you mean "greenhouse"?`},
	{"number in quotes", "baud = 115200", `baud = "115200"`,
		`8:8: baud must be a whole number, not a text | leave the quotes out: 115200`},
	{"duration without a unit", `codec = "modbus-rtu"`, "codec = \"modbus-rtu\"\npoll = 10",
		`26:8: poll must be a duration such as "10s", not a whole number | add the unit and quotes, for example "10s"`},
	{"duration in words", `codec = "modbus-rtu"`, "codec = \"modbus-rtu\"\npoll = \"10 seconds\"",
		`26:8: poll = "10 seconds" is not a duration | write numbers with their units, for example "500ms", "10s", "2m" or "24h"`},
	{"duration in Chinese", `codec = "modbus-rtu"`, "codec = \"modbus-rtu\"\npoll = \"10秒\"",
		`26:8: poll = "10秒" is not a duration | write numbers with their units, for example "500ms", "10s", "2m" or "24h"`},
	{"parity N", "baud = 115200", "baud = 115200\nparity = \"N\"",
		`9:10: parity cannot be "N" | did you mean "none"? it can be none, odd, even, mark, space`},
	{"parity 8N1", "baud = 115200", "baud = 115200\nparity = \"8N1\"",
		`9:10: parity cannot be "8N1" | did you mean "none"? it can be none, odd, even, mark, space`},
	{"role", `devices = ["greenhouse"]`, `role = "administrator"`,
		`5:8: role cannot be "administrator" | did you mean "admin"? it can be viewer, operator, admin, gateway`},
	{"backslash", `confirm = "pump"`, `expect = "^OK \d"`,
		`20:15: a \ in a text begins an escape, and this is not a valid one | write \\ for a backslash, or put the text into single quotes`},
	{"Windows path", `"/dev/ttyACM0"`, `"C:\dev"`,
		`7:11: a \ in a text begins an escape, and this is not a valid one | write \\ for a backslash, or put the text into single quotes`},
	{"table twice", "[ports.bus]", "[ports.bus]\nbaud = 9600\n[ports.bus]",
		`23:8: "bus" is here and in x.toml:21:8 | keep one of the two`},
	{"key twice", "baud = 115200", "baud = 115200\nbaud = 9600",
		`9:1: "baud" is here and in x.toml:8:1 | keep one of the two`},
	{"GBK", `"/dev/ttyACM0"`, "\"\xce\xc2\xca\xd2\"",
		`7:9: the byte 0xce is not UTF-8 | save the file as UTF-8 in the editor`},
	{"two ports on one path", `"/dev/ttyUSB0"`, `"/dev/ttyACM0"`,
		`22:8: [ports.bus] is the same port as [ports.uno] | only one table can describe a port; the other is at x.toml:7:8`},
	{"two boards on one port", "", "[devices.board]\nport = \"uno\"\ncodec = \"json\"\n[devices.board.fields.t]\ntype = \"number\"\n",
		`35:8: the port "uno" is taken by [devices.greenhouse]: their lines cannot be distinguished without a match in each | give each its own port; the other is at x.toml:10:8`},
	{"unit for json", `codec = "json"`, "codec = \"json\"\nunit = 1",
		`12:1: unit has no effect for codec json | only codec modbus-rtu, modbus-ascii uses it: leave it out`},
	{"a command on input:", "[devices.relay.commands.k1]\nregister = \"coil:0\"", "[devices.relay.commands.k1]\nregister = \"input:0\"",
		`31:12: register: the table input is read-only | commands write coil: or holding:`},
	{"plain password_hash", `"$argon2id$v=19$m=7168,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`, `"three-green-kettles"`,
		`4:17: password_hash: not an argon2id hash ($argon2id$v=19$…) | make one with minirelay user hash`},
	{"plain password", `password_hash = "$argon2id$v=19$m=7168,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`, `password = "three-green-kettles"`,
		`warning 4:12: the password of "phone" can be read by everybody with access to this file | use a password_hash made by minirelay user hash, or { file = "path" }`},
	{"BOM and CRLF are no fault", "*[gateway]", "\ufeff[gateway]\r",
		``},
	{"gateway id in Chinese", `id = "home"`, `id = "我的小屋"`,
		`2:6: "我的小屋" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit; write the text for people into its name: name = "我的小屋"`},
	{"no type", "type = \"number\"", "unit = \"°C\"",
		`12:28: type is missing in [devices.greenhouse.fields.temperature] | add type = …, one of number, bool, enum, text`},
	{"minus for underscore", "type = \"number\"", "type = \"number\"\nstale-after = \"5s\"",
		`14:1: unknown key "stale-after" in [devices.greenhouse.fields.temperature] | did you mean "stale_after"?`},
	{"upper case", "baud = 115200", "Baud = 115200",
		`8:1: unknown key "Baud" in [ports.uno] | did you mean "baud"?`},
}
