package mapping

import (
	"time"

	"minirelay/relay"
)

// DeviceConfig is one thing on a port: [devices.ID]. Fields and Commands are in the order of the file.
type DeviceConfig struct {
	ID           string        `toml:"-"`
	Name         relay.Name    `toml:"name" doc:"the name people read; a text or a table of languages"`
	Port         string        `toml:"port" doc:"the port it hangs on: the ID of a [ports.ID] table" required:"true"`
	Profile      string        `toml:"profile" doc:"a thing that is described already, by its name in minirelay profiles; what stands here besides wins"`
	Without      []string      `toml:"without" doc:"fields and commands of the profile that are not wanted"`
	Codec        string        `toml:"codec" doc:"how its bytes become fields" oneof:"json,csv,pairs,regex,nmea,at,modbus-rtu,modbus-ascii,binary,dlt645" required:"true"`
	Checksum     string        `toml:"checksum" doc:"the checksum that ends each line in both directions, as *HEX behind the text; ve-direct is that of a block of pairs" oneof:"none,xor8,sum8,crc16-modbus,crc16-ccitt,crc32,ve-direct" codecs:"json,csv,pairs,regex"`
	MaxFrame     int           `toml:"max_frame" doc:"longest line or frame in bytes; a longer one is dropped and counted" min:"16" max:"65536" codecs:"json,csv,pairs,regex,nmea,binary"`
	OfflineAfter time.Duration `toml:"offline_after" doc:"without a good frame for so long it is offline" min:"100ms" max:"24h"`
	MinInterval  time.Duration `toml:"min_interval" doc:"at most one published state in so long; 0 publishes each" min:"0s" max:"1h"`
	Publish      string        `toml:"publish" doc:"all publishes every reading, change only what differs from the last" oneof:"all,change"`
	Topic        string        `toml:"topic" doc:"a topic of your own, outside the root, that carries the whole state too"`
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

	Fields   []FieldConfig   `toml:"fields" doc:"its values, in the order in which people see them"`
	Commands []CommandConfig `toml:"commands" doc:"what a person may ask of it, in the order in which people see it"`
}

// DefaultDevice is what a [devices.ID] table starts from.
func DefaultDevice() DeviceConfig {
	return DeviceConfig{Checksum: "none", MaxFrame: 4096, OfflineAfter: 30 * time.Second, Publish: "all", CSVConfig: DefaultCSV(), PairsConfig: DefaultPairs(), ATConfig: DefaultAT(),
		PollConfig: DefaultPoll(), ModbusConfig: DefaultModbus(),
		BinaryConfig: BinaryConfig{Frame: DefaultFrame()}, DLT645Config: DefaultDLT645()}
}

// FieldConfig is one value of a device: [devices.ID.fields.ID].
type FieldConfig struct {
	ID         string            `toml:"-"`
	Key        string            `toml:"key" doc:"its name on the wire, for dlt645 a name or a data identifier; in JSON nested objects by dots, elements of arrays by [0]; the ID of the table if left out" codecs:"json,csv,pairs,regex,nmea,dlt645"`
	Name       relay.Name        `toml:"name" doc:"the name people read; a text or a table of languages"`
	Type       relay.Type        `toml:"type" doc:"what it carries" oneof:"number,bool,enum,text" required:"true"`
	Unit       string            `toml:"unit" doc:"unit of the value, as in °C"`
	Decimals   int               `toml:"decimals" doc:"digits after the point; as many as the value has if left out" min:"0" max:"6"`
	Scale      float64           `toml:"scale" doc:"value = raw × scale + offset"`
	Offset     float64           `toml:"offset" doc:"value = raw × scale + offset"`
	Min        float64           `toml:"min" doc:"least plausible value; a lower one is no good reading"`
	Max        float64           `toml:"max" doc:"greatest plausible value; a higher one is no good reading"`
	StaleAfter time.Duration     `toml:"stale_after" doc:"older than this it is unknown; the device's offline_after if left out" min:"100ms" max:"24h"`
	Values     map[string]string `toml:"values" doc:"for bool and enum: what each value looks like on the wire, as in { true = \"1\", false = \"0\" }"`
	Options    []OptionConfig    `toml:"options" doc:"for enum: the choices in order, with names for people"`
	Topic      string            `toml:"topic" doc:"a topic of your own, outside the root, that carries the bare value too"`
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

// DefaultField is what a field's table starts from. Min and Max are open.
func DefaultField() FieldConfig {
	return FieldConfig{Decimals: -1, Scale: 1, Min: relay.Open.Min, Max: relay.Open.Max, FormatConfig: DefaultFormat(), PlaceConfig: DefaultPlace()}
}

// OptionConfig is one choice of an enumeration: { value = "auto", name = "自动" }.
type OptionConfig struct {
	Value string     `toml:"value" doc:"the choice as the command and the state carry it" required:"true"`
	Name  relay.Name `toml:"name" doc:"the name people read; a text or a table of languages"`
}

// CommandConfig is something a person may ask of a device: [devices.ID.commands.ID].
type CommandConfig struct {
	ID         string            `toml:"-"`
	Name       relay.Name        `toml:"name" doc:"the name people read; a text or a table of languages"`
	Type       relay.Type        `toml:"type" doc:"what value it takes" oneof:"number,bool,enum,text,none" required:"true"`
	Send       string            `toml:"send" doc:"the bytes to write; {value} is the value, {seq} a number that differs each time" codecs:"json,csv,pairs,regex,nmea,at,binary"`
	Values     map[string]string `toml:"values" doc:"for bool and enum: what each value looks like on the wire"`
	Options    []OptionConfig    `toml:"options" doc:"for enum: the choices in order, with names for people"`
	Expect     string            `toml:"expect" doc:"regular expression of the line that acknowledges, of binary the bytes that the answer begins with; may hold {seq} and {value}" codecs:"json,csv,pairs,regex,nmea,at,binary"`
	Refuse     string            `toml:"refuse" doc:"regular expression of the line that refuses, of binary the bytes that the answer begins with; the group message is shown to the person" codecs:"json,csv,pairs,regex,nmea,at,binary"`
	Confirm    string            `toml:"confirm" doc:"the field that must read back the value before it is done"`
	Tolerance  float64           `toml:"tolerance" doc:"how far a number read back may differ; half of the field's last digit if left out" min:"0"`
	Field      string            `toml:"field" doc:"the field that shows the effect; the one of confirm if left out"`
	Timeout    time.Duration     `toml:"timeout" doc:"how long to wait for the acknowledgement and the reading back" min:"10ms" max:"60s"`
	MaxAge     time.Duration     `toml:"max_age" doc:"longest time between acceptance and the wire; older ones are refused" min:"100ms" max:"60s"`
	Idempotent bool              `toml:"idempotent" doc:"writing it twice does no harm: allows retries"`
	Retries    int               `toml:"retries" doc:"how often an unanswered idempotent command is written again" min:"0" max:"10"`
	Unit       string            `toml:"unit" doc:"unit of the value, as in %"`
	Decimals   int               `toml:"decimals" doc:"digits after the point on the wire; as many as the value has if left out" min:"0" max:"6"`
	Scale      float64           `toml:"scale" doc:"value = raw × scale + offset; the raw number is written"`
	Offset     float64           `toml:"offset" doc:"value = raw × scale + offset; the raw number is written"`
	Min        float64           `toml:"min" doc:"least allowed value"`
	Max        float64           `toml:"max" doc:"greatest allowed value"`
	Step       float64           `toml:"step" doc:"distance between allowed values, counted from min; any if left out" min:"0"`
	MaxLength  int               `toml:"max_length" doc:"longest text in bytes" min:"1" max:"1024"`
	Ask        relay.Name        `toml:"ask" doc:"the question a person must answer first; a text or a table of languages"`
	Topic      string            `toml:"topic" doc:"a topic of your own, outside the root, on which it may be given too"`

	RegisterConfig `codecs:"modbus-rtu,modbus-ascii"`
	FormatConfig   `codecs:"modbus-rtu,modbus-ascii,binary"`
	WriteConfig    `codecs:"modbus-rtu,modbus-ascii"`
}

// DefaultCommand is what a command's table starts from. Min and Max are open; Tolerance -1 means half of the
// last digit of the field that confirms.
func DefaultCommand() CommandConfig {
	return CommandConfig{Timeout: 2 * time.Second, MaxAge: 5 * time.Second, Decimals: -1, Scale: 1, Tolerance: -1,
		Min: relay.Open.Min, Max: relay.Open.Max, MaxLength: 64, FormatConfig: DefaultFormat()}
}
