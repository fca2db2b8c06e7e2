package mapping

// FormatConfig is how a value lies in registers, or in the bytes of a frame.
type FormatConfig struct {
	Format    string `toml:"format" doc:"how it lies on the wire; uint16 if left out, in frames uint8, string for type text" oneof:"uint8,int8,uint16,int16,uint24,int24,uint32,int32,uint64,int64,float32,float64,string,bcd,signed-bcd,ascii,hex"`
	ByteOrder string `toml:"byte_order" doc:"order of the two bytes of each word: big is the greater one first" oneof:"big,little"`
	WordOrder string `toml:"word_order" doc:"order of the words of 16 bits: big is the greater one first; as byte_order if left out" oneof:"big,little"`
	Bit       int    `toml:"bit" doc:"the lowest bit that is meant, where only a part is: 0 is the least one" min:"0" max:"63"`
	Bits      int    `toml:"bits" doc:"how many bits are meant, from bit on; 1 if left out" min:"1" max:"64"`
	Length    int    `toml:"length" doc:"how long a text is: in registers of Modbus, else in bytes" min:"1" max:"256"`
}

// DefaultFormat means all bits, the greatest byte first.
func DefaultFormat() FormatConfig { return FormatConfig{ByteOrder: "big", Bit: -1} }
