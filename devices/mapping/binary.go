package mapping

import (
	"math"
	"time"
)

// BinaryConfig is the keys of codec binary.
type BinaryConfig struct {
	Frame    FrameConfig     `toml:"frame" codecs:"binary" doc:"the properties by which its frames are recognised"`
	Requests []RequestConfig `toml:"requests" codecs:"binary" doc:"its requests, sent one after the other; without any, the device sends by itself"`
}

// FrameConfig describes how frames are cut and checked: [devices.ID.frame]. Positions count from the first byte of a
// frame, which is 0; negative ones count from its end, -1 being its last byte. Bytes are written as in "AA 55".
type FrameConfig struct {
	Start         string        `toml:"start" doc:"the first bytes of each frame, for example AA 55"`
	End           string        `toml:"end" doc:"the last bytes of each frame"`
	Length        int           `toml:"length" doc:"number of bytes in a frame, if all frames have the same length" min:"1" max:"65536"`
	LengthAt      int           `toml:"length_at" doc:"position of the length in the frame" min:"0" max:"255"`
	LengthFormat  string        `toml:"length_format" doc:"format of the length in the frame" oneof:"uint8,uint16be,uint16le"`
	LengthAdd     int           `toml:"length_add" doc:"bytes of a whole frame = announced length + length_add" min:"-255" max:"255"`
	Stuffing      string        `toml:"stuffing" doc:"the byte stuffing that keeps the delimiter out of the frame" oneof:"none,slip,cobs,hdlc"`
	Gap           time.Duration `toml:"gap" doc:"silence that ends a frame, if nothing in the frame does" min:"1ms" max:"10s"`
	Checksum      string        `toml:"checksum" doc:"checksum of each frame" oneof:"none,sum8,sum8-inverted,lrc,xor8,sum16,sum16-negated,sum32,crc16-axpert,crc8-smbus,crc8-maxim,crc8-nrsc5,crc16-modbus,crc16-arc,crc16-usb,crc16-maxim,crc16-ccitt,crc16-ccitt-false,crc16-xmodem,crc16-kermit,crc16-x25,crc16-dnp,crc32,crc32-mpeg2"`
	ChecksumAt    int           `toml:"checksum_at" doc:"position of the checksum; directly before the end bytes if left out" min:"-65536" max:"65535"`
	ChecksumFrom  int           `toml:"checksum_from" doc:"first position that the checksum covers" min:"-65536" max:"65535"`
	ChecksumTo    int           `toml:"checksum_to" doc:"position after the last one that the checksum covers; that of the checksum if left out" min:"-65536" max:"65535"`
	ChecksumOrder string        `toml:"checksum_order" doc:"big if the high byte of the checksum comes first; the usual order of this checksum if left out" oneof:"big,little"`
}

// DefaultFrame is what the keys of [FrameConfig] start from: no announced length and no checksum.
func DefaultFrame() FrameConfig {
	return FrameConfig{LengthAt: -1, LengthFormat: "uint8", Stuffing: "none", Checksum: "none"}
}

// RequestConfig is one request to a device: [devices.ID.requests.ID].
type RequestConfig struct {
	ID     string            `toml:"-"`
	Send   string            `toml:"send" doc:"the bytes to write, for example FF 01 86 00 00 00 00 00 {sum}" required:"true"`
	Match  map[string]string `toml:"match" doc:"bytes of its answer at certain positions, for example { 1 = \"86\" }"`
	Length int               `toml:"length" doc:"number of bytes in its answer; the length of [devices.ID.frame] if left out" min:"1" max:"4096"`
	Frames int               `toml:"frames" doc:"number of frames in its answer; 1 if left out" min:"1" max:"64"`
	Poll   time.Duration     `toml:"poll" doc:"polling interval; the device's poll if left out" min:"10ms" max:"24h"`
}

// PlaceConfig describes where a field is in a frame of bytes, and in which answer.
type PlaceConfig struct {
	At      int    `toml:"at" codecs:"binary,dlt645" doc:"position of its first byte in the frame, for dlt645 in the data; negative ones count from the end" min:"-65536" max:"65535"`
	Request string `toml:"request" codecs:"at,binary" doc:"the request whose answer contains it: for at the line to write, for binary the ID of a requests table; not needed if there is only one"`
}

// Nowhere is the At of a field without a position.
const Nowhere = math.MinInt32

// DefaultPlace is what the keys of [PlaceConfig] start from: no position.
func DefaultPlace() PlaceConfig { return PlaceConfig{At: Nowhere} }
