package configs

import (
	"strings"
	"testing"
)

// Parts of the sound config that rows change.
const (
	id          = `id = "home"`
	users       = "role = \"operator\"\n"
	hash        = `password_hash = "$argon2id$v=19$m=7168,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`
	path        = "path = \"/dev/ttyACM0\"\n"
	port        = "port = \"uno\"\n"
	temperature = "type = \"number\"\n"
	pump        = "fields.pump]\ntype = \"bool\"\n"
	command     = "commands.pump]\ntype = \"bool\"\n"
	send        = "send = \"PUMP {value} #{seq}\\n\"\n"
	confirm     = "confirm = \"pump\"\n"
)

// row changes one thing in the sound config, or adds to it, and lists every resulting fault with its place. If want
// begins with "warning ", the config can still be used.
type row struct{ name, old, new, want string }

func testRows(t *testing.T, rows []row) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			text := sound + row.new
			if row.old != "" {
				if strings.Count(sound, row.old) != 1 {
					t.Fatalf("%q occurs %d times", row.old, strings.Count(sound, row.old))
				}
				text = strings.Replace(sound, row.old, row.new, 1)
			}
			c, err := loadText(t, text)
			var got string
			if err != nil {
				got = told(faultsOf(t, err))
			} else if len(c.Warnings) > 0 {
				got = "warning " + told(c.Warnings)
			}
			if got != row.want {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

func TestGatewayFaults(t *testing.T) {
	testRows(t, []row{
		{"no gateway table", "[gateway]\n" + id, "#",
			`1:1: there is no [gateway] table | begin with [gateway] and id = "home"`},
		{"no gateway id", id, "",
			"1:2: id is missing in [gateway] | add id = …: it is the id of the gateway, a level of every topic, for example minirelay/ID/greenhouse/state"},
		{"empty id", id, `id = ""`,
			"2:6: id is empty | it is the id of the gateway, a level of every topic, for example minirelay/ID/greenhouse/state"},
		{"gateway id", id, `id = "My House"`,
			`2:6: "My House" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit, for example "my-house"; write the text for people into its name`},
		{"gateway id too long", id, `id = "` + strings.Repeat("a", 33) + `"`,
			`2:6: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit, for example "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; write the text for people into its name`},
		{"root", id, id + "\nroot = \"a/+\"",
			`3:8: root = "a/+" cannot begin a topic | use up to 64 letters, digits, - and _, with / between levels; leave it out for minirelay`},
		{"root empty", id, id + "\nroot = \"\"",
			`3:8: root = "" cannot begin a topic | use up to 64 letters, digits, - and _, with / between levels; leave it out for minirelay`},
		{"data_dir", id, id + "\ndata_dir = \"\"",
			"3:12: data_dir is empty | name a directory, or leave it out for /var/lib/minirelay"},
		{"remember short", id, id + "\nremember = \"1s\"",
			"3:12: remember = 1s is too small | it can be 1m to 168h"},
		{"remember long", id, id + "\nremember = \"169h\"",
			"3:12: remember = 169h is too large | it can be 1m to 168h"},
		{"log level", id, id + "\n[log]\nlevel = \"warning\"",
			`4:9: level cannot be "warning" | it can be debug, info, warn, error`},
		{"log format", id, id + "\n[log]\nformat = \"xml\"",
			`4:10: format cannot be "xml" | it can be text, json`},
		{"key outside", "[gateway]\n" + id, "listen = \":1\"\n[gateway]\n" + id,
			`1:1: unknown key "listen" outside of any table | known here: gateway, log, metrics, broker, users, upstream, ports, devices`},
		{"unknown table", "", "[brokr]\nx = 1\n",
			`26:2: unknown table [brokr] | did you mean "broker"?`},
		{"unknown array of tables", "", "[[port]]\n",
			`26:3: unknown table [port] | did you mean "ports"?`},
		{"table is a value", "", "[broker]\ntls = true\n",
			"27:7: tls must be a table, not true or false | write [broker.tls] and put the keys below it"},
		{"tables are a value", "[gateway]\n" + id, "log = 1\n[gateway]\n" + id,
			"1:7: log must be a table, not a whole number | write [log] and put the keys below it"},
		{"listen empty", "", "[broker]\nlisten = \"\"\n",
			`27:10: listen is empty | leave it out for ":8443", or write an address such as "127.0.0.1:8443"`},
		{"listen a port", "", "[broker]\nlisten = \"8443\"\n",
			`27:10: listen = "8443" is not an address | write ":8443"`},
		{"listen a number", "", "[broker]\nlisten = 8443\n",
			`27:10: listen must be a text, not a whole number | write an address in quotes: ":8443"`},
		{"listen no port", "", "[broker]\nlisten = \"localhost\"\n",
			`27:10: listen = "localhost" is not an address | write host:port or :port, for example "127.0.0.1:8443" or ":8443"`},
		{"listen port too large", "", "[broker]\nlisten = \":84430\"\n",
			`27:12: "84430" is not a port | use a number from 1 to 65535`},
		{"listen a url", "", "[broker]\nlisten = \"https://x:1\"\n",
			`27:10: listen = "https://x:1" is not an address | write host:port or :port, for example "127.0.0.1:8443" or ":8443"`},
		{"same address", "", "[broker]\nmqtt = \"127.0.0.1:8443\"\n",
			`27:8: mqtt = "127.0.0.1:8443" and listen = ":8443" are the same address | give each its own port`},
		{"same address twice", "", "[broker]\nmqtt = \"127.0.0.1:1883\"\nws = \"127.0.0.1:1883\"\n",
			`28:6: ws = "127.0.0.1:1883" and mqtt = "127.0.0.1:1883" are the same address | give each its own port`},
		{"free ports are not the same", "", "[broker]\nlisten = \"127.0.0.1:0\"\nmqtt = \"127.0.0.1:0\"\nws = \"[::1]:0\"\n",
			""},
		{"clear mqtt", "", "[broker]\nmqtt = \":1883\"\n",
			`warning 27:8: passwords are sent unencrypted at mqtt = ":1883" | use 127.0.0.1 unless everybody on that network is trusted`},
		{"clear ws", "", "[broker]\nws = \"192.168.1.10:8080\"\n",
			`warning 27:6: passwords are sent unencrypted at ws = "192.168.1.10:8080" | use 127.0.0.1 unless everybody on that network is trusted`},
		{"tls off", "", "[broker.tls]\nmode = \"off\"\n",
			`warning 26:2: passwords are sent unencrypted at listen = ":8443" | use 127.0.0.1 unless everybody on that network is trusted`},
		{"tls off on loopback", "", "[broker]\nlisten = \"localhost:8080\"\ntls.mode = \"off\"\n",
			""},
		{"trusted proxies", "", "[broker]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/24\", \"fd00::/8\"]\n", ""},
		{"a proxy by name", "", "[broker]\ntrusted_proxies = [\"127.0.0.1\", \"nginx\"]\n",
			`27:33: trusted_proxies: "nginx" is not an address | write the address of the proxy, for example 127.0.0.1 or 10.0.0.0/24`},
		{"everybody trusted", "", "[broker]\ntrusted_proxies = [\"0.0.0.0/0\"]\n",
			`27:20: trusted_proxies: "0.0.0.0/0" trusts everybody | write the address of the proxy alone: a trusted one can claim any address`},
		{"origins", "", "[broker]\norigins = [\"https://panel.example.com\", \"http://localhost:5173\"]\n", ""},
		{"an origin without a scheme", "", "[broker]\norigins = [\"panel.example.com\"]\n",
			`27:12: origins: "panel.example.com" is not an origin | write scheme, host and port as the browser shows them, for example https://panel.example.com`},
		{"an origin with a path", "", "[broker]\norigins = [\"https://panel.example.com/x\"]\n",
			`27:12: origins: "https://panel.example.com/x" is more than an origin | write "https://panel.example.com"`},
		{"a short token", "", "[metrics]\ntoken = \"let me in\"\n",
			"27:9: the token has fewer than 16 characters | for example, use the output of openssl rand -hex 16"},
		{"a long token", "", "[metrics]\ntoken = \"0123456789abcdef\"\n", ""},
		{"max_clients", "", "[broker]\nmax_clients = 0\n",
			"27:15: max_clients = 0 is too small | it can be 1 to 100000"},
		{"max_clients a fraction", "", "[broker]\nmax_clients = 1.5\n",
			"27:15: max_clients must be a whole number, not a fraction | it can be 1 to 100000"},
		{"tls mode", "", "[broker.tls]\nmode = \"file\"\n",
			`27:8: mode cannot be "file" | did you mean "files"? it can be self-signed, files, off`},
		{"tls files missing", "", "[broker.tls]\nmode = \"files\"\ncert_file = \"/etc\"\n",
			`27:8: mode = "files" needs a key_file | name both cert_file and key_file, in PEM format`},
		{"tls files not there", "", "[broker.tls]\nmode = \"files\"\ncert_file = \"/nope/c\"\nkey_file = \"/etc\"\n",
			"28:13: there is no file /nope/c on this machine | the gateway does not start without it; minirelay check -elsewhere checks the config of another machine"},
		{"tls files without the mode", "", "[broker.tls]\ncert_file = \"/nope\"\n",
			`27:13: cert_file has no effect in mode "self-signed" | write mode = "files", or leave it out`},
		{"no users", "[users.phone]\n" + hash + "\n" + users, "",
			"warning : nobody can log in: there are no users | add [users.phone] with a password_hash made by minirelay user hash"},
		{"user id", "", "[users.\"a b\"]\n" + hash + "\n",
			`26:8: "a b" cannot be an id | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit, for example "a-b"; write the text for people into its name`},
		{"user without password", hash, "",
			`4:8: the user "phone" has no password | add a password_hash made by minirelay user hash`},
		{"both passwords", hash, hash + "\npassword = { file = \"/etc/hostname\" }",
			`6:1: the user "phone" has both a password and a password_hash | leave the password out`},
		{"clear password", hash, `password = "three-green-kettles"`,
			`warning 5:12: the password of "phone" can be read by everybody with access to this file | use a password_hash made by minirelay user hash, or { file = "path" }`},
		{"weak password", hash, `password = "hunter2"`,
			`warning 5:12: the password of "phone" is easy to guess | use 8 characters or more that nobody expects, as a password_hash made by minirelay user hash`},
		{"empty password", hash, `password = ""`,
			"5:12: the password is empty | use a password_hash made by minirelay user hash"},
		{"password a number", hash, `password = 123`,
			`5:12: password must be a text, { env = "NAME" } or { file = "path" }, not a whole number | put it in quotes`},
		{"password from nowhere", hash, `password = { env = "MINIRELAY_NOT_SET" }`,
			"5:12: the environment variable MINIRELAY_NOT_SET is not set | set it where the gateway is started"},
		{"password from no file", hash, `password = { file = "/nope" }`,
			"5:12: /nope cannot be read: no such file or directory | name a file that this user may read"},
		{"password mistyped", hash, `password = { evn = "X" }`,
			`5:12: unknown key "evn" in password | did you mean "env"?`},
		{"password from two", hash, `password = { env = "X", file = "/nope" }`,
			`5:12: a secret is "text", { env = "NAME" } or { file = "path" } | write one of the three`},
		{"password from nothing", hash, `password = {}`,
			`5:12: a secret is "text", { env = "NAME" } or { file = "path" } | write one of the three`},
		{"password from a number", hash, `password = { env = 5 }`,
			`5:12: a secret is "text", { env = "NAME" } or { file = "path" } | write one of the three`},
		{"hash", hash, `password_hash = "secret"`,
			"5:17: password_hash: not an argon2id hash ($argon2id$v=19$…) | make one with minirelay user hash"},
		{"hash cut off", hash, `password_hash = "$argon2id$v=19$m=7168,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$"`,
			"5:17: password_hash: the end of the hash is damaged | copy the hash again, to its end"},
		{"hash that takes all memory", hash, `password_hash = "$argon2id$v=19$m=262144,t=5,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`,
			"5:17: password_hash: a login with the cost m=262144,t=5,p=1 of the hash would take too much of this machine | make the hash with minirelay user hash: it takes 7 MiB (m=7168,t=5,p=1)"},
		{"hash that takes long", hash, `password_hash = "$argon2id$v=19$m=8192,t=64,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`,
			"5:17: password_hash: a login with the cost m=8192,t=64,p=1 of the hash would take too much of this machine | make the hash with minirelay user hash: it takes 7 MiB (m=7168,t=5,p=1)"},
		{"costly hash", hash, `password_hash = "$argon2id$v=19$m=65536,t=3,p=4$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`,
			`warning 5:17: each login of "phone" takes 64 MiB and 5 times the work of others, also with a wrong password | make the hash with minirelay user hash`},
		{"cheap hash", hash, `password_hash = "$argon2id$v=19$m=1024,t=1,p=1$GY/N6ot1tAQZkuuzwukExQ$aoQ/gDfhaq0kc9bH3cAxGWllaP5yzMHTXR79rPsmbrI"`,
			`warning 5:17: the password of "phone" is easy to find out from its hash, which costs too little work | make the hash with minirelay user hash`},
		{"role", users, "role = \"operater\"\n",
			`6:8: role cannot be "operater" | did you mean "operator"? it can be viewer, operator, admin, gateway`},
		{"role of another kind", users, "role = true\n",
			"6:8: role must be a text, not true or false | it can be viewer, operator, admin, gateway"},
		{"unknown device of a user", users, users + "devices = [\"greenhouse\", \"grenhouse\"]\n",
			`7:26: there is no device "grenhouse" | did you mean "greenhouse"?`},
		{"no devices of a user", users, users + "devices = []\n",
			"7:11: an empty list of devices would mean all of them | leave it out for all devices, or name some"},
		{"devices no list", users, users + "devices = \"greenhouse\"\n",
			`7:11: devices must be a list of texts, not a text | put it in brackets: ["greenhouse"]`},
		{"devices no texts", users, users + "devices = [1]\n",
			`7:12: devices holds a whole number where a text is expected | put it in quotes: "1"`},
		{"a gateway that speaks for none", users, "role = \"gateway\"\n",
			`6:8: the user "phone" has the role gateway, but no gateways | name its id, for example gateways = ["home"]`},
		{"a gateway that speaks for this one", users, "role = \"gateway\"\ngateways = [\"farm\", \"home\"]\n",
			`7:21: only this gateway can use the id "home" | give the other gateway, or this one, another id`},
		{"a gateway with devices", users, "role = \"gateway\"\ngateways = [\"farm\"]\ndevices = [\"greenhouse\"]\n",
			"8:11: a user with the role gateway acts for all devices of its gateways | leave devices out"},
		{"no gateways", users, users + "gateways = []\n",
			"7:12: an empty list of gateways has no effect | leave it out for this gateway, or name some"},
		{"a gateway's id", users, users + "gateways = [\"My Farm\"]\n",
			`7:13: "My Farm" is not the id of a gateway | an id has 1 to 32 characters out of a-z, 0-9, _ and -, and begins with a letter or a digit`},
		{"a device of a gateway that is not named", users, users + "gateways = [\"home\"]\ndevices = [\"farm/gate\"]\n",
			`8:12: the user may not use the gateway "farm" | name it in gateways, or write the device's id alone`},
		{"a gateway that cannot come", users, users + "gateways = [\"home\", \"frm\"]\n",
			`warning 7:21: no gateway can log in here as "frm" | add a user with role = "gateway" and gateways = ["frm"], or correct the id`},
		{"a device of this gateway by its whole name", users, users + "gateways = [\"home\", \"farm\"]\ndevices = [\"farm/gate\", \"gate\", \"home/grenhouse\"]\n",
			`8:33: there is no device "grenhouse" | did you mean "greenhouse"?`},
		{"filters", users, users + "read = [\"home/#\", \"+/x\", \"a/#/b\", \"$SYS/#\", \"minirelay\"]\n",
			"7:19: \"+/x\" covers topics below minirelay, where the role alone decides | name the first level of your own topics, for example home/#\n" +
				"7:26: \"a/#/b\" is not a topic filter | + stands for one level, # for all levels that follow: home/+/set, home/#\n" +
				"7:35: topics that begin with $ belong to the broker | leave it out; admins may read $SYS\n" +
				"7:45: \"minirelay\" covers topics below minirelay, where the role alone decides | name the first level of your own topics, for example home/#"},
		{"filters to write", users, users + "write = [\"#\", \"\", \"home/+/set\"]\n",
			"7:10: \"#\" covers topics below minirelay, where the role alone decides | name the first level of your own topics, for example home/#\n" +
				"7:15: the topic is empty | leave it out, or name one such as home/greenhouse"},
	})
}
