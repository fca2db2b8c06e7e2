package text

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adrianmo/go-nmea"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/relay"
)

// nmeaKey is a value with a name.
type nmeaKey struct {
	name    string
	types   []relay.Type // the types that a field can have
	sources []nmeaSource
}

// nmeaSource is the position of a value.
type nmeaSource struct {
	sentence string // its type, or its talker and type; "": any
	// read returns the value: a string that the field interprets, or null if the sentence has no value. there is false
	// if the sentence is not about it.
	read func(s *nmeaSentence) (t codec.Token, there bool)
}

func (r *nmeaSource) speaksOf(s *nmeaSentence) bool {
	return r.sentence == s.kind || r.sentence == "" || len(r.sentence) > 3 && r.sentence == s.talker+s.kind
}

// The positions in NMEA 0183 sentences as gpsd documents them (gpsd.gitlab.io/gpsd/NMEA.html), counted from 0.

var (
	onlyNumber = []relay.Type{relay.TypeNumber}
	codeTypes  = []relay.Type{relay.TypeNumber, relay.TypeEnum, relay.TypeText}
)

const (
	kmhPerKnot = 1.852
	msPerKnot  = kmhPerKnot / 3.6
)

// nmeaKeys lists the values with a name, in the order of the documentation. Speeds are in km/h, or knots where the name
// says so; those of wind are in m/s.
func nmeaKeys() []nmeaKey {
	return []nmeaKey{
		{"latitude", onlyNumber, []nmeaSource{{"GGA", fixed(angle(1))}, {"RMC", fixed(angle(2))}, {"GLL", fixed(angle(0))}, {"GNS", fixed(angle(1))}}},
		{"longitude", onlyNumber, []nmeaSource{{"GGA", fixed(angle(3))}, {"RMC", fixed(angle(4))}, {"GLL", fixed(angle(2))}, {"GNS", fixed(angle(3))}}},
		{"altitude", onlyNumber, []nmeaSource{{"GGA", fixed(plain(8))}, {"GNS", fixed(plain(8))}}},
		{"speed", onlyNumber, []nmeaSource{{"RMC", fixed(times(6, kmhPerKnot))}, {"VTG", fixed(plain(6))}}},
		{"speed_knots", onlyNumber, []nmeaSource{{"RMC", fixed(plain(6))}, {"VTG", fixed(plain(4))}}},
		{"course", onlyNumber, []nmeaSource{{"RMC", fixed(plain(7))}, {"VTG", fixed(plain(0))}}},
		{"fix", []relay.Type{relay.TypeBool}, []nmeaSource{{"GGA", readFix}, {"RMC", readFix}, {"GLL", readFix}, {"GNS", readFix}}},
		{"fix_quality", codeTypes, []nmeaSource{{"GGA", plain(5)}}},
		{"fix_type", codeTypes, []nmeaSource{{"GSA", plain(1)}}},
		{"satellites", onlyNumber, []nmeaSource{{"GGA", plain(6)}, {"GNS", plain(6)}}},
		{"hdop", onlyNumber, []nmeaSource{{"GGA", fixed(plain(7))}, {"GSA", fixed(plain(15))}, {"GNS", fixed(plain(7))}}},
		{"vdop", onlyNumber, []nmeaSource{{"GSA", fixed(plain(16))}}},
		{"pdop", onlyNumber, []nmeaSource{{"GSA", fixed(plain(14))}}},
		{"geoid_separation", onlyNumber, []nmeaSource{{"GGA", fixed(plain(10))}, {"GNS", fixed(plain(9))}}},
		{"time", []relay.Type{relay.TypeText, relay.TypeNumber}, []nmeaSource{{"RMC", readRMCTime}, {"ZDA", readZDATime}}},
		{"heading", onlyNumber, []nmeaSource{{"HDT", plain(0)}, {"THS", fixed(plain(0))}}},
		{"magnetic_heading", onlyNumber, []nmeaSource{{"HDG", plain(0)}, {"HDM", plain(0)}}},
		{"depth", onlyNumber, []nmeaSource{{"DPT", plain(0)}, {"DBT", plain(2)}}},
		{"water_speed", onlyNumber, []nmeaSource{{"VHW", plain(6)}}},
		{"water_temperature", onlyNumber, []nmeaSource{{"MTW", plain(0)}}},
		{"wind_angle", onlyNumber, []nmeaSource{{"MWV", wind("R", plain(0))}}},
		{"wind_speed", onlyNumber, []nmeaSource{{"MWV", wind("R", windSpeed)}}},
		{"true_wind_angle", onlyNumber, []nmeaSource{{"MWV", wind("T", plain(0))}}},
		{"true_wind_speed", onlyNumber, []nmeaSource{{"MWV", wind("T", windSpeed)}}},
		{"talker", []relay.Type{relay.TypeText, relay.TypeEnum}, []nmeaSource{{"", func(s *nmeaSentence) (codec.Token, bool) { return textToken(s.talker), true }}}},
	}
}

// rawKey is a position in any sentence: GSV.3, GPGSV.3, PGRME.1. The first after the address is 1.
var rawKey = regexp.MustCompile(`^([A-Z0-9]{3,16})\.([1-9][0-9]?)$`)

// nmeaSources returns the positions of the value of a key, and the types it can have; nil: any.
func nmeaSources(key string) ([]nmeaSource, []relay.Type) {
	if m := rawKey.FindStringSubmatch(key); m != nil {
		i, _ := strconv.Atoi(m[2])
		return []nmeaSource{{m[1], plain(i - 1)}}, nil
	}
	for _, k := range nmeaKeys() {
		if k.name == key {
			return k.sources, k.types
		}
	}
	return nil, nil
}

// CheckNMEA reports everything in the mapping of codec nmea that cannot work.
func CheckNMEA(k *mapping.Checker) {
	checkTextCommands(k)
	checkKey := func(key string) (what, try string) {
		if sources, _ := nmeaSources(key); sources != nil {
			return "", ""
		}
		var names []string
		for _, known := range nmeaKeys() {
			names = append(names, known.name)
		}
		return fmt.Sprintf("unknown key %q", key),
			"use " + strings.Join(names, ", ") + ", or a position in a sentence, for example GSV.3"
	}
	checkMatches(k, checkKey)
	for _, f := range k.Device.Fields {
		k.At = mapping.Problem{Field: f.ID}
		if what, try := checkKey(f.WireKey()); what != "" {
			k.Add("key", what, try)
			continue
		}
		_, types := nmeaSources(f.WireKey())
		switch {
		case types != nil && !slices.Contains(types, f.Type):
			var words []string
			for _, t := range types {
				words = append(words, string(t))
			}
			k.Add("type", fmt.Sprintf("%s cannot be a %s", f.WireKey(), f.Type), "use "+strings.Join(words, " or "))
		case f.WireKey() == "fix" && f.Values != nil:
			k.Add("values", "fix is already true or false", "leave it out")
		}
	}
}

// tokenTime is a time in UTC: its text is RFC 3339, its number Unix seconds.
const tokenTime = codec.TokenArray + 1

type nmeaReader = func(s *nmeaSentence) (codec.Token, bool)

func nmeaField(s *nmeaSentence, i int) string {
	if i >= len(s.fields) {
		return ""
	}
	return s.fields[i]
}

func textToken(text string) codec.Token {
	return codec.Token{Kind: codec.TokenString, Text: []byte(text)}
}

func numberToken(text string, n float64) codec.Token {
	return codec.Token{Kind: codec.TokenNumber, Text: []byte(text), Number: n}
}

// tidy rounds to twelve digits, which removes the error of binary fractions: they are a tenth of a millimetre on the
// equator.
func tidy(n float64) float64 {
	n, _ = strconv.ParseFloat(strconv.FormatFloat(n, 'g', 12, 64), 64)
	return n
}

// plain reads the text at a position. An empty one is null.
func plain(i int) nmeaReader {
	return func(s *nmeaSentence) (codec.Token, bool) {
		if nmeaField(s, i) == "" {
			return codec.Token{}, i < len(s.fields)
		}
		return textToken(nmeaField(s, i)), true
	}
}

// times reads a number in another unit.
func times(i int, factor float64) nmeaReader {
	return func(s *nmeaSentence) (codec.Token, bool) {
		n, ok := codec.ParseNumber([]byte(nmeaField(s, i)), false)
		if !ok {
			return plain(i)(s)
		}
		return numberToken(nmeaField(s, i), tidy(n*factor)), true
	}
}

// angle reads ddmm.mmmm,N in degrees: north and east are positive.
func angle(i int) nmeaReader {
	return func(s *nmeaSentence) (codec.Token, bool) {
		if nmeaField(s, i) == "" {
			return codec.Token{}, true
		}
		text := nmeaField(s, i) + " " + nmeaField(s, i+1)
		limit := 180.0
		if sign := nmeaField(s, i+1); sign == nmea.North || sign == nmea.South {
			limit = 90
		}
		degrees, err := nmea.ParseGPS(text)
		if err != nil || !(degrees >= -limit && degrees <= limit) {
			return numberToken(text, math.NaN()), true
		}
		return numberToken(text, tidy(degrees)), true
	}
}

// hasFix says whether a sentence claims a valid position; known says whether it has that information.
func hasFix(s *nmeaSentence) (fix, known bool) {
	switch s.kind {
	case "GGA":
		return nmeaField(s, 5) != "" && nmeaField(s, 5) != "0", true
	case "RMC":
		return nmeaField(s, 1) == "A", true
	case "GLL":
		return nmeaField(s, 5) == "A", true
	case "GNS":
		return strings.Trim(nmeaField(s, 5), "N") != "", true
	case "GSA":
		return nmeaField(s, 1) == "2" || nmeaField(s, 1) == "3", true
	case "VTG":
		return nmeaField(s, 8) != "N", len(s.fields) > 8
	case "THS":
		return nmeaField(s, 1) != "V", true
	}
	return true, false
}

// fixed reads only values with a fix: without one, receivers repeat the last position, or send zeros.
func fixed(read nmeaReader) nmeaReader {
	return func(s *nmeaSentence) (codec.Token, bool) {
		if fix, known := hasFix(s); known && !fix {
			return codec.Token{}, true
		}
		return read(s)
	}
}

func readFix(s *nmeaSentence) (codec.Token, bool) {
	if fix, _ := hasFix(s); !fix {
		return codec.Token{Kind: codec.TokenFalse, Text: []byte("no fix")}, true
	}
	return codec.Token{Kind: codec.TokenTrue, Text: []byte("fix")}, true
}

// wind reads from MWV,angle,reference,speed,unit,status with one of the two references.
func wind(reference string, read nmeaReader) nmeaReader {
	return func(s *nmeaSentence) (codec.Token, bool) {
		switch {
		case nmeaField(s, 1) != reference:
			return codec.Token{}, false
		case nmeaField(s, 4) != "A":
			return codec.Token{}, true
		}
		return read(s)
	}
}

// windSpeed reads the speed of MWV in m/s.
func windSpeed(s *nmeaSentence) (codec.Token, bool) {
	factor, ok := map[string]float64{"N": msPerKnot, "K": 1 / 3.6, "M": 1, "S": 0.44704}[nmeaField(s, 3)]
	if !ok {
		return numberToken(nmeaField(s, 2)+" "+nmeaField(s, 3), math.NaN()), true
	}
	return times(2, factor)(s)
}

// readRMCTime reads time and date of RMC: hhmmss.ss and ddmmyy.
func readRMCTime(s *nmeaSentence) (codec.Token, bool) {
	date := nmeaField(s, 8)
	if len(date) != 6 {
		return dateTime(nmeaField(s, 0), date, "", "")
	}
	return dateTime(nmeaField(s, 0), date[:2], date[2:4], "20"+date[4:])
}

func readZDATime(s *nmeaSentence) (codec.Token, bool) {
	return dateTime(nmeaField(s, 0), nmeaField(s, 1), nmeaField(s, 2), nmeaField(s, 3))
}

// dateTime returns a time in UTC: Unix seconds for a number, RFC 3339 for a text.
func dateTime(clock, day, month, year string) (codec.Token, bool) {
	if clock == "" || day == "" {
		return codec.Token{}, true
	}
	t, err := nmea.ParseTime(clock)
	d, err2 := time.Parse("02 01 2006", day+" "+month+" "+year)
	if err != nil || err2 != nil || t.Hour > 23 || t.Minute > 59 || t.Second > 60 {
		return numberToken(clock+" "+day+month+year, math.NaN()), true // it fits neither type
	}
	at := d.Add(time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute +
		time.Duration(t.Second)*time.Second + time.Duration(t.Millisecond)*time.Millisecond)
	return codec.Token{Kind: tokenTime, Text: []byte(at.Format(time.RFC3339)), Number: float64(at.UnixMilli()) / 1000}, true
}
