package dlt645

import (
	"fmt"
	"slices"
	"strconv"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
)

// quantity is one quantity that a meter can be asked for.
type quantity struct {
	key    string
	id     uint32  // data identifier
	length int     // bytes
	scale  float64 // of the digits: value = digits × scale
	signed bool    // the highest bit is the sign
	text   func([]byte) (string, bool)
}

// addressID represents the address itself, which has its own request (control code 13).
const addressID = 0xFFFFFFFF

// catalogue lists the quantities that have a name, in kWh, V, A, kW, kvar, kVA, Hz, °C and degrees; the identifiers
// and formats are those of tables A.1, A.2 and A.3 of DL/T 645-2007.
func catalogue() []quantity {
	all := []quantity{
		{key: "frequency", id: 0x02800002, length: 2, scale: 0.01},
		{key: "current_neutral", id: 0x02800001, length: 3, scale: 0.001, signed: true},
		{key: "temperature", id: 0x02800007, length: 2, scale: 0.1, signed: true},
		{key: "battery_voltage", id: 0x02800008, length: 2, scale: 0.01},
		{key: "date", id: 0x04000101, length: 4, text: readDate},
		{key: "time", id: 0x04000102, length: 3, text: readTime},
		{key: "meter_number", id: 0x04000402, length: 6, text: readDigits},
		{key: "address", id: addressID, length: 6, text: readDigits},
	}
	for i, name := range []string{"energy", "energy_forward", "energy_reverse"} {
		id := uint32(i) << 16
		signed := i == 0 // only combined energies have a sign (table A.1, note 1): the others count up to 999999.99
		all = append(all, quantity{key: name, id: id, length: 4, scale: 0.01, signed: signed})
		for tariff := range uint32(4) {
			all = append(all, quantity{key: fmt.Sprintf("%s_tariff_%d", name, tariff+1), id: id | (tariff+1)<<8,
				length: 4, scale: 0.01, signed: signed})
		}
	}
	for phase, letter := range []string{"a", "b", "c"} {
		id := uint32(phase+1) << 8
		all = append(all, quantity{key: "voltage_" + letter, id: 0x02010000 | id, length: 2, scale: 0.1},
			quantity{key: "current_" + letter, id: 0x02020000 | id, length: 3, scale: 0.001, signed: true},
			quantity{key: "phase_angle_" + letter, id: 0x02070000 | id, length: 2, scale: 0.1})
	}
	for phase, end := range []string{"", "_a", "_b", "_c"} {
		id := uint32(phase) << 8
		all = append(all, quantity{key: "power" + end, id: 0x02030000 | id, length: 3, scale: 0.0001, signed: true},
			quantity{key: "reactive_power" + end, id: 0x02040000 | id, length: 3, scale: 0.0001, signed: true},
			quantity{key: "apparent_power" + end, id: 0x02050000 | id, length: 3, scale: 0.0001, signed: true},
			quantity{key: "power_factor" + end, id: 0x02060000 | id, length: 2, scale: 0.001, signed: true})
	}
	return all
}

// quantityOf finds the quantity of a field: by name, or by the eight digits of an identifier, whose format the field has.
func quantityOf(f mapping.FieldConfig) (d quantity, named, ok bool) {
	key := f.WireKey()
	all := catalogue()
	if i := slices.IndexFunc(all, func(d quantity) bool { return d.key == key }); i >= 0 {
		return all[i], true, true
	}
	id, err := strconv.ParseUint(key, 16, 32)
	return quantity{key: key, id: uint32(id), length: f.Length}, false, err == nil && len(key) == 8
}

// readDate reads the date: day of the week, day, month and year.
func readDate(b []byte) (string, bool) {
	_, ok := codec.BCD(b)
	return fmt.Sprintf("20%02x-%02x-%02x", b[3], b[2], b[1]), ok && b[2] >= 1 && b[2] <= 0x12 && b[1] >= 1 && b[1] <= 0x31
}

// readTime reads the time: second, minute and hour.
func readTime(b []byte) (string, bool) {
	_, ok := codec.BCD(b)
	return fmt.Sprintf("%02x:%02x:%02x", b[2], b[1], b[0]), ok && b[2] < 0x24 && b[1] < 0x60 && b[0] < 0x60
}

// readDigits reads digits that are not a number.
func readDigits(b []byte) (string, bool) {
	text := address(b).String()
	_, ok := codec.BCD(b)
	return text, ok
}
