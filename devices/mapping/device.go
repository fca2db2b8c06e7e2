package mapping

import (
	"time"

	"minirelay/relay"
)

// DeviceConfig is one device on a port: [devices.ID]. Fields and Commands are in the order of the file.
type DeviceConfig struct {
	ID           string        `toml:"-"`
	Name         relay.Name    `toml:"name" doc:"the name that people see; a text or a table of languages"`
	Port         string        `toml:"port" doc:"its port: the ID of a [ports.ID] table" required:"true"`
	Profile      string        `toml:"profile" doc:"a ready-made description, by its name in minirelay profiles; other keys here override it"`
	Without      []string      `toml:"without" doc:"fields and commands of the profile to leave out"`
	Codec        string        `toml:"codec" doc:"the codec: how bytes become fields" oneof:"json,csv,pairs,regex,nmea,at,modbus-rtu,modbus-ascii,binary,dlt645" required:"true"`
	Checksum     string        `toml:"checksum" doc:"the checksum at the end of each line in both directions, as *HEX after the text; ve-direct is that of a block of pairs" oneof:"none,xor8,sum8,crc16-modbus,crc16-ccitt,crc32,ve-direct" codecs:"json,csv,pairs,regex"`
	MaxFrame     int           `toml:"max_frame" doc:"maximum length of a line or frame in bytes; a longer one is dropped and counted" min:"16" max:"65536" codecs:"json,csv,pairs,regex,nmea,binary"`
	OfflineAfter time.Duration `toml:"offline_after" doc:"the device is offline if no valid frame arrives within this time" min:"100ms" max:"24h"`
	MinInterval  time.Duration `toml:"min_interval" doc:"at most one state is published per interval; 0 publishes each one" min:"0s" max:"1h"`
	Publish      string        `toml:"publish" doc:"all publishes every reading, change only readings that differ from the previous one" oneof:"all,change"`
	Topic        string        `toml:"topic" doc:"a topic of your own, outside the root, that also carries the whole state"`
	MatchConfig
	TextConfig
	CSVConfig
	PairsConfig
	RegexConfig
	ATConfig
	PollConfig   `codecs:"at,modbus-rtu,modbus-ascii,binary,dlt645"`
	ModbusConfig `codecs:"modbus-rtu,modbus-ascii"`
	BinaryConfig
	DLT645Config

	Fields   []FieldConfig   `toml:"fields" doc:"its fields, in the order in which people see them"`
	Commands []CommandConfig `toml:"commands" doc:"its commands, in the order in which people see them"`
}

// DefaultDevice is what a [devices.ID] table starts from.
func DefaultDevice() DeviceConfig {
	return DeviceConfig{Checksum: "none", MaxFrame: 4096, OfflineAfter: 30 * time.Second, Publish: "all", TextConfig: TextConfig{Encoding: "utf-8"}, CSVConfig: DefaultCSV(), PairsConfig: DefaultPairs(), ATConfig: DefaultAT(),
		PollConfig: DefaultPoll(), ModbusConfig: DefaultModbus(),
		BinaryConfig: BinaryConfig{Frame: DefaultFrame()}, DLT645Config: DefaultDLT645()}
}

// FieldConfig is one value of a device: [devices.ID.fields.ID].
type FieldConfig struct {
	ID         string            `toml:"-"`
	Key        string            `toml:"key" doc:"its name on the wire, for dlt645 a name or a data identifier; in JSON with dots for nested objects and [0] for elements of arrays; the ID of the table if left out" codecs:"json,csv,pairs,regex,nmea,dlt645"`
	Name       relay.Name        `toml:"name" doc:"the name that people see; a text or a table of languages"`
	Type       relay.Type        `toml:"type" doc:"type of the value" oneof:"number,bool,enum,text" required:"true"`
	Unit       string            `toml:"unit" doc:"unit of the value, for example °C"`
	Decimals   int               `toml:"decimals" doc:"decimal places; as many as the value has if left out" min:"0" max:"6"`
	Scale      float64           `toml:"scale" doc:"value = raw × scale + offset"`
	Offset     float64           `toml:"offset" doc:"value = raw × scale + offset"`
	Min        float64           `toml:"min" doc:"minimum plausible value; a lower reading is invalid"`
	Max        float64           `toml:"max" doc:"maximum plausible value; a higher reading is invalid"`
	StaleAfter time.Duration     `toml:"stale_after" doc:"an older reading is unknown; the device's offline_after if left out" min:"100ms" max:"24h"`
	Values     map[string]string `toml:"values" doc:"for bool and enum: the form of each value on the wire, for example { true = \"1\", false = \"0\" }"`
	Options    []OptionConfig    `toml:"options" doc:"for enum: the options in order, with names for people"`
	Topic      string            `toml:"topic" doc:"a topic of your own, outside the root, that also carries the bare value"`
	Hidden     bool              `toml:"hidden" doc:"people do not see the field: it is in no model and no state, and only expressions and confirm use it"`
	Together   int               `toml:"-"` // fields with the same number are used together to compute others; 0: none
	MatchConfig
	TextFieldConfig
	CSVFieldConfig
	ATFieldConfig
	ComputedConfig
	PollFieldConfig `codecs:"at,modbus-rtu,modbus-ascii,dlt645"`
	RegisterConfig  `codecs:"modbus-rtu,modbus-ascii"`
	FormatConfig    `codecs:"modbus-rtu,modbus-ascii,binary,dlt645"`
	PlaceConfig
}

// DefaultField is what a [devices.ID.fields.ID] table starts from. Min and Max are open.
func DefaultField() FieldConfig {
	return FieldConfig{Decimals: -1, Scale: 1, Min: relay.Open.Min, Max: relay.Open.Max, FormatConfig: DefaultFormat(), PlaceConfig: DefaultPlace()}
}

// OptionConfig is one option of an enum: { value = "auto", name = "自动" }.
type OptionConfig struct {
	Value string     `toml:"value" doc:"the option as it appears in commands and in the state" required:"true"`
	Name  relay.Name `toml:"name" doc:"the name that people see; a text or a table of languages"`
}

// CommandConfig is one command that a person can give a device: [devices.ID.commands.ID].
type CommandConfig struct {
	ID         string            `toml:"-"`
	Name       relay.Name        `toml:"name" doc:"the name that people see; a text or a table of languages"`
	Type       relay.Type        `toml:"type" doc:"type of the value of the command" oneof:"number,bool,enum,text,none" required:"true"`
	Send       string            `toml:"send" doc:"the bytes to write; {value} is the value, {seq} a number that is different each time" codecs:"json,csv,pairs,regex,nmea,at,binary"`
	Values     map[string]string `toml:"values" doc:"for bool and enum: the form of each value on the wire"`
	Options    []OptionConfig    `toml:"options" doc:"for enum: the options in order, with names for people"`
	Expect     string            `toml:"expect" doc:"regular expression for the line that acknowledges, for binary the first bytes of the answer; may contain {seq} and {value}" codecs:"json,csv,pairs,regex,nmea,at,binary"`
	Refuse     string            `toml:"refuse" doc:"regular expression for the line that refuses, for binary the first bytes of the answer; the group message is shown to the person" codecs:"json,csv,pairs,regex,nmea,at,binary"`
	Confirm    string            `toml:"confirm" doc:"the field that must read back the value before the command is done"`
	Tolerance  float64           `toml:"tolerance" doc:"permitted difference of a number that is read back; half of the field's last digit if left out" min:"0"`
	Field      string            `toml:"field" doc:"the field that shows the effect; that of confirm if left out"`
	Timeout    time.Duration     `toml:"timeout" doc:"time limit for acknowledgement and read-back together" min:"10ms" max:"60s"`
	MaxAge     time.Duration     `toml:"max_age" doc:"maximum time between acceptance and writing; an older command is rejected" min:"100ms" max:"60s"`
	Idempotent bool              `toml:"idempotent" doc:"writing the command twice does no harm: allows retries"`
	Retries    int               `toml:"retries" doc:"maximum number of retries of an idempotent command without an answer" min:"0" max:"10"`
	Unit       string            `toml:"unit" doc:"unit of the value, for example %"`
	Decimals   int               `toml:"decimals" doc:"decimal places on the wire; as many as the value has if left out" min:"0" max:"6"`
	Scale      float64           `toml:"scale" doc:"value = raw × scale + offset; the raw number is written"`
	Offset     float64           `toml:"offset" doc:"value = raw × scale + offset; the raw number is written"`
	Min        float64           `toml:"min" doc:"minimum allowed value"`
	Max        float64           `toml:"max" doc:"maximum allowed value"`
	Step       float64           `toml:"step" doc:"distance between allowed values, counted from min; any if left out" min:"0"`
	MaxLength  int               `toml:"max_length" doc:"maximum length of the text in bytes" min:"1" max:"1024"`
	Allow      string            `toml:"allow" doc:"for text: the characters that it may contain, as a class of a regular expression, for example [A-Za-z0-9 .-]"`
	Quotes     string            `toml:"quotes" doc:"how the device reads a text between double quotes in send: json knows \\\", csv (and SCPI) knows \"\", at (V.250) knows \\22; json if left out, at for codec at" oneof:"json,csv,at" codecs:"json,csv,pairs,regex,nmea,at"`
	Ask        relay.Name        `toml:"ask" doc:"a question that the person must answer first; a text or a table of languages"`
	Topic      string            `toml:"topic" doc:"a topic of your own, outside the root, that also accepts the command"`

	RegisterConfig `codecs:"modbus-rtu,modbus-ascii"`
	FormatConfig   `codecs:"modbus-rtu,modbus-ascii,binary"`
	WriteConfig    `codecs:"modbus-rtu,modbus-ascii"`
}

// DefaultCommand is what a [devices.ID.commands.ID] table starts from. Min and Max are open; Tolerance -1 is half of the
// last digit of the field that confirms, and Decimals -1 any number of decimals.
func DefaultCommand() CommandConfig {
	return CommandConfig{Timeout: 2 * time.Second, MaxAge: 5 * time.Second, Decimals: -1, Scale: 1, Tolerance: -1,
		Min: relay.Open.Min, Max: relay.Open.Max, MaxLength: 64, FormatConfig: DefaultFormat()}
}
