package locale

// elsewhere are directories whose sentences reach nobody who uses the gateway.
var elsewhere = map[string]string{
	"bench": "for developers", "soak": "for developers", "softboard": "for developers", "e2e": "tests", "devicestest": "tests",
	"testdata": "tests", "miniprogram": "has its own table", "node_modules": "not ours", "dist": "made by others", "docs": "no program",
	"deploy": "no program", "examples": "no program", "locale": "this package", "segment": "its errors go to the log",
}

// silent are sentences that reach nobody who reads Chinese: in files whose path contains file, those that match.
var silent = []struct{ file, text, why string }{
	{"status/metrics", ``, "metrics are for programs"},
	{"status/upstream.go", `^(Whether|Messages|Bytes|Readings|Of |Pushed|That |Dropped|Commands|State of|How long)`, "metrics are for programs"},
	{"configs/schema.go", ``, "the schema is for editors"},
	{"configs/reference", ``, "the reference is written in both languages"},
	{"configs/initial.go", ``, "TOML in both languages"},
	{"configs/secrets.go", ``, "regular expressions"},
	{"scan_block.go", `\n`, "TOML in both languages"},
	{"detect/toml.go", `\n`, "TOML in both languages"},
	{"minirelay/demo.go", `# The demo|^-h|^mosquitto|^env NODE|^const`, "TOML, commands"},
	{"minirelay/support.go", `^fault|^warning`, "a report for developers, in English"},
	{"web/", `default-src|base-uri|immutable|<|^GET|^M\{`, "no words"},
	{"broker/guard.go", ``, "log"},
	{"broker/http.go", ``, "log"},
	{"broker/conn.go", ``, "log"},
	{"broker/buffer.go", ``, "log"},
	{"broker/serve.go", ``, "log"},
	{"broker/pulse.go", ``, "log"},
	{"broker/publish.go", ``, "log"},
	{"broker/receive.go", ``, "log"},
	{"broker/session.go", ``, "log"},
	{"broker/foreign.go", ``, "log"},
	{"broker/subscribe.go", ``, "log"},
	{"broker/relieve.go", ``, "log"},
	{"broker/login.go", ``, "log"},
	{"gateway/run.go", `^serving|^with the last good`, "what systemctl status shows"},
	{"gateway/watch.go", `^and it is open`, "log"},
	{"configs/text.go", ``, "log"},
	{"broker/selfsigned.go", `PRIVATE KEY`, "a format"},
	{"capture/writer.go", ``, "a file format"},
	{"", `^(\{[^}]|[#<"^$('])|^\[-|^\[\[?-?c|^\[[^\]]*\](\n|$)|^- |^\\|^GET |^/`, "TOML, JSON, patterns, markup"},
	{"", `^[a-z_]+ += (\{\}|"\{\}")$`, "TOML"},
	{"configs/syntax.go", `^(new lines|U\+000|expected|nested more|not terminated|at start of|strings must|array is incomplete|after array|inline table|to close|start of key|need a char|control characters$|carriage return$|number must|leading zeroes|invalid datetime|quotes at the end)`, "what the parser says, to be told otherwise"},
	{"computed/expression.go", `^(expected|interface|unexpected)`, "what the compiler says, to be told otherwise"},
	{"gateway/http.go", `^(Bearer|text/plain)`, "headers"},
	{"web/page.go", `^wss://`, "a header"},
	{"", `^usb \{\}|^\{\}:\d`, "names"},
	{"", `^(sudo )?minirelay (\{\}|status|user hash)(\t\{\})?$|^add \| |^minirelay user \{\} NAME$|^minirelay check -c|^const |^STATUS=`, "commands"},
	{"", `^(panic|impossible)`, "bugs"},
}

// foreign are sentences of libraries that reach people.
var foreign = []string{
	"flag provided but not defined: {}", "flag needs an argument: {}", "invalid value {} for flag {}: {}", "parse error",
	"no such file or directory", "permission denied", "connection refused", "no such device", "device or resource busy",
	"input/output error", "no space left on device", "read-only file system", "i/o timeout", "no route to host",
	"network is unreachable", "connection reset by peer", "broken pipe", "address already in use", "file exists", "is a directory",
	"not a directory", "operation not permitted", "inappropriate ioctl for device", "context deadline exceeded",
	// regexp/syntax and the compiler of expressions
	"invalid character class range: {}", "invalid nested repetition operator: {}", "missing closing ]: {}", "missing closing ): {}",
	"unexpected ): {}", "missing argument to repetition operator: {}", "invalid escape sequence: {}", "invalid repeat count: {}",
	"trailing backslash at end of expression", "invalid named capture: {}", "invalid or unsupported Perl syntax: {}",
	"invalid character class: {}", "expression nests too deeply: {}", "unknown name {}", "invalid UTF-8 character in basic string",
}

// assembled are words and sentences that the sources put together, or that look like anything but sentences.
var assembled = map[string][]string{
	"configs/": {"there is no port {}", "there is no kind of topic {}", "there is no kind of message {}", "{} = {} is too small", "{} = {} is too large"},
	"cmd/minirelay/": {"[ports.{}], used by {}", "[ports.{}], no device uses it", "command and request", "is", "socket", "serial",
		"config", "trouble", "Password"},
	"status/": {"ready", "open", "closed", "online", "offline", "connected", "never", "{} s", "{} h", "under-voltage now", "throttled now",
		"under-voltage since it was started", "throttled since it was started"},
}

// phone are the sources of sentences that reach phones over MQTT: results, and what is refused.
var phone = []struct{ file, text string }{
	{"relay/accept.go", ``}, {"relay/command.go", ``}, {"relay/join.go", ``}, {"relay/lane.go", ``}, {"relay/record.go", ``},
	{"relay/request.go", ``}, {"relay/result.go", ``}, {"devices/execute.go", ``}, {"devices/execute_polled.go", ``},
	{"devices/transact.go", `before the command was written$`}, {"devices/inflight.go", ``}, {"devices/codec/command.go", ``}, {"devices/codec/modbus/pdu.go", `^the `},
	{"devices/codec/", `hardware|^the device reports|of its values|exception`},
}
