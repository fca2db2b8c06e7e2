package configs

import (
	"strings"
	"testing"
)

func TestSyntaxFaults(t *testing.T) {
	testRows(t, []row{
		{"same key twice", path, path + path,
			`10:1: "path" is here and in x.toml:9:1 | keep one of the two`},
		{"same table twice", "", "[ports.uno]\n",
			`26:8: "uno" is here and in x.toml:8:8 | keep one of the two`},
		{"value as table", path, path + "[ports.uno.path]\n",
			`10:12: "path" is here and in x.toml:9:1 | keep one of the two`},
		{"value as tables", path, path + "[[ports.uno.path]]\n",
			`10:13: "path" is here and in x.toml:9:1 | keep one of the two`},
		{"dotted and opened", path, path + "[broker]\ntls.mode = \"off\"\nlisten = \"localhost:1\"\n[broker.tls]\n",
			`13:9: "tls" is here and in x.toml:11:1 | keep one of the two`},
		{"inline and added to", path, path + "[broker]\ntls = {}\n[broker.tls]\n",
			`12:9: "tls" is here and in x.toml:11:1 | keep one of the two`},
		{"number too large", path, path + "baud = 99999999999999999999\n",
			"10:8: the number is too large | use one that fits into 64 bits"},
		{"float too large", temperature, temperature + "min = 1e999\n",
			"18:7: the number is too large | use one that fits into 64 bits"},
		{"curly quotes", temperature, temperature + "unit = “°C”\n",
			`18:8: TOML does not use these quotes | use the straight ones, for example "text"; word processors and Chinese keyboards make others`},
		{"no such date", path, path + "baud = 2024-13-01\n",
			"10:8: this date or time does not exist | write a date such as 2026-01-31\n" +
				"10:8: baud must be a whole number, not a date or a time | it can be 50 to 4000000"},
		{"deep", "", "[a" + strings.Repeat(".a", 99) + "]\n",
			"26:34: tables are nested too deeply | is this the right file?"},
		{"deep list", "", "a = " + strings.Repeat("[", 20000) + "\n",
			"26:10005: lists and tables are nested too deeply | is this the right file?"},
		{"two syntax faults", path, path + "baud = = 3\nparity = none\n[ports\npth = 1\n",
			"10:8: this is not a value | texts are in quotes, for example \"text\"; other values are numbers, true, false, [ … ] and { … }\n" +
				"11:10: this is not a value | put it in quotes: \"none\"\n" +
				"12:7: the table's name has no closing bracket | write [name], or [[name]] for one of several"},
		{"unfinished list", temperature, "type = \"enum\"\noptions = [\n  { value = \"a\" },\nunit = 5\n",
			"20:1: a list before this line has no end | separate its values by , and end it with ]\n" +
				"20:8: unit must be a text, not a whole number | put it in quotes: \"5\""},
		{"unfinished list before a table", temperature, "type = \"enum\"\noptions = [\n  { value = \"a\" },\n",
			"21:2: a list before this line has no end | separate its values by , and end it with ]"},
		{"no quote", port, "port = \"uno\ncodecs = 1\n",
			"12:12: the text has no closing quote in its line | end it with the quote it begins with\n" +
				"13:1: unknown key \"codecs\" in [devices.greenhouse] | did you mean \"codec\"?"},
		{"a field in a part that cannot be read", pump, "fields.pump\ntype = \"bool\"\n",
			"19:32: the table's name has no closing bracket | write [name], or [[name]] for one of several"},
		{"unknown references wait for broken files", port, "port = \"uni\"\nx = \n",
			"13:5: the value is missing | write it after the =, a text in quotes"},
	})
}
