package mapping

// CSVConfig describes how lines are split into columns.
type CSVConfig struct {
	Quote   string `toml:"quote" doc:"the quotation mark around a text that contains the separator; \"\" for none" codecs:"csv"`
	Comment string `toml:"comment" doc:"the text that begins a line without data; \"\" for none" codecs:"csv"`
	Header  bool   `toml:"header" doc:"the board sends a line with the names of the columns first, and key is one of these names" codecs:"csv"`
	Columns int    `toml:"columns" doc:"number of columns in a line; a line with more or fewer is dropped" min:"1" max:"1000" codecs:"csv"`
}

// DefaultCSV is what the keys of [CSVConfig] start from.
func DefaultCSV() CSVConfig { return CSVConfig{Quote: `"`, Comment: "#"} }

// CSVFieldConfig describes where a value is in a line.
type CSVFieldConfig struct {
	Column int `toml:"column" doc:"number of its column; the first is 1" min:"1" max:"1000" codecs:"csv,at"`
}

// PairsConfig describes how pairs such as T=21.5 are written.
type PairsConfig struct {
	Assign string `toml:"assign" doc:"each character that may stand between a key and its value" codecs:"pairs"`
}

// DefaultPairs is what the keys of [PairsConfig] start from.
func DefaultPairs() PairsConfig { return PairsConfig{Assign: "=:"} }

// RegexConfig describes lines by regular expressions.
type RegexConfig struct {
	Patterns []string `toml:"patterns" doc:"regular expressions for lines; the first that matches is used, and the key of a field is the name of a group, for example (?P<temperature>[-0-9.]+)" codecs:"regex"`
}

// TextConfig describes how values are written in lines of text other than JSON.
type TextConfig struct {
	Separator    string `toml:"separator" doc:"csv and at: the text between columns, a comma if left out, a space for any number of spaces and tabs; pairs: each character that may separate pairs" codecs:"csv,pairs,at"`
	Encoding     string `toml:"encoding" doc:"the encoding of the lines: gbk also reads GB 2312 and GB 18030" oneof:"utf-8,gbk,latin1" codecs:"json,csv,pairs,regex"`
	DecimalComma bool   `toml:"decimal_comma" doc:"numbers use a decimal comma, for example 21,5" codecs:"csv,pairs,regex,at"`
}

// TextFieldConfig describes one value in a line of text other than JSON.
type TextFieldConfig struct {
	Base   int    `toml:"base" doc:"16 for a number in hexadecimal digits" oneof:"10,16" codecs:"csv,pairs,regex,at"`
	Suffix string `toml:"suffix" doc:"the text directly after the number on the wire, for example the C of 21.5C; a number without it is invalid" codecs:"csv,pairs,regex,at"`
}
