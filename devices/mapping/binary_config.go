package mapping

import (
	"math"
	"time"
)

// BinaryConfig is what a device of codec binary has beside the keys of every device.
type BinaryConfig struct {
	Frame    FrameConfig     `toml:"frame" codecs:"binary" doc:"how its frames are told from noise"`
	Requests []RequestConfig `toml:"requests" codecs:"binary" doc:"what it is asked, one after the other; without any it talks by itself"`
}

// FrameConfig is how frames are cut and checked: [devices.ID.frame]. Positions count from the first byte of a frame,
// which is 0; negative ones count from its end, -1 being its last byte. Bytes are written as in "AA 55".
type FrameConfig struct {
	Start         string        `toml:"start" doc:"the bytes that each frame begins with, as in AA 55"`
	End           string        `toml:"end" doc:"the bytes that each frame ends with"`
	Length        int           `toml:"length" doc:"bytes of a whole frame, where all are equally long" min:"1" max:"65536"`
	LengthAt      int           `toml:"length_at" doc:"position of the length that the frame announces" min:"0" max:"255"`
	LengthFormat  string        `toml:"length_format" doc:"how the announced length is written" oneof:"uint8,uint16be,uint16le"`
	LengthAdd     int           `toml:"length_add" doc:"bytes of a whole frame = announced length + length_add" min:"-255" max:"255"`
	Stuffing      string        `toml:"stuffing" doc:"how the delimiter is kept out of the frame" oneof:"none,slip,cobs"`
	Gap           time.Duration `toml:"gap" doc:"silence that ends a frame, where nothing in the frame does" min:"1ms" max:"10s"`
	Checksum      string        `toml:"checksum" doc:"checksum of each frame" oneof:"none,sum8,sum8-inverted,lrc,xor8,sum16,sum32,crc8-smbus,crc8-maxim,crc8-nrsc5,crc16-modbus,crc16-arc,crc16-usb,crc16-maxim,crc16-ccitt,crc16-ccitt-false,crc16-xmodem,crc16-kermit,crc16-x25,crc16-dnp,crc32,crc32-mpeg2"`
	ChecksumAt    int           `toml:"checksum_at" doc:"position of the checksum; right before the end bytes if left out" min:"-65536" max:"65535"`
	ChecksumFrom  int           `toml:"checksum_from" doc:"first position that is summed" min:"-65536" max:"65535"`
	ChecksumTo    int           `toml:"checksum_to" doc:"position behind the last one that is summed; that of the checksum if left out" min:"-65536" max:"65535"`
	ChecksumOrder string        `toml:"checksum_order" doc:"big if the greater byte of the checksum comes first; what is usual for it if left out" oneof:"big,little"`
}

// DefaultFrame has no announced length and no checksum.
func DefaultFrame() FrameConfig {
	return FrameConfig{LengthAt: -1, LengthFormat: "uint8", Stuffing: "none", Checksum: "none"}
}

// RequestConfig is one thing that a device is asked: [devices.ID.requests.ID].
type RequestConfig struct {
	ID     string            `toml:"-"`
	Send   string            `toml:"send" doc:"the bytes to write, as in FF 01 86 00 00 00 00 00 {sum}" required:"true"`
	Match  map[string]string `toml:"match" doc:"bytes that its answer has at positions, as in { 1 = \"86\" }"`
	Length int               `toml:"length" doc:"bytes of its answer; the length of [devices.ID.frame] if left out" min:"1" max:"4096"`
	Frames int               `toml:"frames" doc:"how many frames its answer has; 1 if left out" min:"1" max:"64"`
	Poll   time.Duration     `toml:"poll" doc:"how often it is asked; the device's poll if left out" min:"10ms" max:"24h"`
}

// PlaceConfig is where in a frame of bytes a field lies, and in which answer.
type PlaceConfig struct {
	At      int    `toml:"at" codecs:"binary,dlt645" doc:"position of its first byte in the frame, for dlt645 in the data; negative ones count from the end" min:"-65536" max:"65535"`
	Request string `toml:"request" codecs:"at,binary" doc:"the request whose answer carries it: of at the line to write, of binary the ID of a requests table; not needed where there is one only"`
}

// Nowhere is At where the mapping does not say where a field lies.
const Nowhere = math.MinInt32

// DefaultPlace is nowhere.
func DefaultPlace() PlaceConfig { return PlaceConfig{At: Nowhere} }
