package mapping

// FormatConfig describes the format of a value in registers, or in the bytes of a frame.
type FormatConfig struct {
	Format    string `toml:"format" doc:"format on the wire; uint16 if left out, in frames uint8, string for type text" oneof:"uint8,int8,uint16,int16,uint24,int24,uint32,int32,uint64,int64,float32,float64,string,bcd,signed-bcd,ascii,hex"`
	ByteOrder string `toml:"byte_order" doc:"order of the two bytes of each word: big is the high one first" oneof:"big,little"`
	WordOrder string `toml:"word_order" doc:"order of the 16-bit words: big is the high one first; as byte_order if left out" oneof:"big,little"`
	Bit       int    `toml:"bit" doc:"the lowest bit of the value, if it uses only some bits: 0 is the lowest" min:"0" max:"63"`
	Bits      int    `toml:"bits" doc:"number of bits, beginning at bit; 1 if left out" min:"1" max:"64"`
	Length    int    `toml:"length" doc:"length of a text: in registers for Modbus, otherwise in bytes" min:"1" max:"256"`
}

// DefaultFormat is what the keys of [FormatConfig] start from: all bits, the high byte first.
func DefaultFormat() FormatConfig { return FormatConfig{ByteOrder: "big", Bit: -1} }
