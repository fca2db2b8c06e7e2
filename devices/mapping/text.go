package mapping

// CSVConfig is how lines are cut into columns.
type CSVConfig struct {
	Quote   string `toml:"quote" doc:"what stands around a text that holds the separator; \"\" if there is no such thing" codecs:"csv"`
	Comment string `toml:"comment" doc:"what begins a line that says nothing; \"\" if there is no such thing" codecs:"csv"`
	Header  bool   `toml:"header" doc:"a line with the names of the columns comes first, and key is the name of one" codecs:"csv"`
	Columns int    `toml:"columns" doc:"how many columns a line has; a line with more or fewer is dropped" min:"1" max:"1000" codecs:"csv"`
}

// DefaultCSV is what the keys of CSVConfig start from.
func DefaultCSV() CSVConfig { return CSVConfig{Quote: `"`, Comment: "#"} }

// CSVFieldConfig says where in a line a value stands.
type CSVFieldConfig struct {
	Column int `toml:"column" doc:"its column; the first is 1" min:"1" max:"1000" codecs:"csv,at"`
}

// PairsConfig is how pairs such as T=21.5 are written.
type PairsConfig struct {
	Assign string `toml:"assign" doc:"each character that may stand between a key and its value" codecs:"pairs"`
}

// DefaultPairs is what the keys of PairsConfig start from.
func DefaultPairs() PairsConfig { return PairsConfig{Assign: "=:"} }

// RegexConfig is how lines look.
type RegexConfig struct {
	Patterns []string `toml:"patterns" doc:"regular expressions of lines; the first that fits counts, and its named groups, as in (?P<temperature>[-0-9.]+), are what key of a field names" codecs:"regex"`
}

// TextConfig is how values stand in lines of text that is not JSON.
type TextConfig struct {
	Separator    string `toml:"separator" doc:"csv and at: what stands between columns, a comma if left out, a space for any number of spaces and tabs; pairs: each character that may stand between pairs" codecs:"csv,pairs,at"`
	DecimalComma bool   `toml:"decimal_comma" doc:"numbers are written with a comma, as in 21,5" codecs:"csv,pairs,regex,at"`
}

// TextFieldConfig is what is said of one value in a line of text that is not JSON.
type TextFieldConfig struct {
	Suffix string `toml:"suffix" doc:"what stands right behind the number on the wire, as the C of 21.5C; a number without it is no good reading" codecs:"csv,pairs,regex,at"`
}
