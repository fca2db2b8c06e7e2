package configs

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"minirelay/relay"
)

// idPattern matches the ids that relay.ValidID allows.
const idPattern = "^[a-z0-9][a-z0-9_-]{0,31}$"

// durationPattern matches the texts that time.ParseDuration reads, without signs.
const durationPattern = `^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`

// Schema returns the JSON Schema (draft-07) of the config file for editors. Taplo and Even Better TOML use it for
// completion and checks if the file begins with #:schema and the schema's path.
func Schema() []byte {
	s := documentShape()
	root := s.tableSchema(defaults(s.typ))
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "minirelay.toml"
	delete(root, "required") // each file of a directory may hold a part only
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps and texts only
	}
	return append(out, '\n')
}

// object is a part of a JSON Schema.
type object = map[string]any

// tableSchema returns the schema of a table whose defaults are in the struct start.
func (s *shape) tableSchema(start reflect.Value) object {
	properties := object{}
	required := []string{}
	for _, k := range s.keys {
		p := k.schema(start.FieldByIndex(k.index))
		p["description"] = k.doc
		if len(k.codecs) > 0 {
			p["description"] = k.doc + " (codec " + strings.Join(k.codecs, ", ") + ")"
		}
		if k.name == "profile" && k.form == formText {
			p["enum"] = ProfileNames()
		}
		properties[k.name] = p
		if k.required {
			required = append(required, k.name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// schema returns the schema of a value whose default is start.
func (s *shape) schema(start reflect.Value) object {
	o := object{}
	switch s.form {
	case formTable:
		return s.tableSchema(start)
	case formTables:
		return object{"type": "array", "items": s.elemSchema()}
	case formByID:
		return object{"type": "object", "patternProperties": object{idPattern: s.elemSchema()}, "additionalProperties": false}
	case formText:
		o["type"] = "string"
		if len(s.oneof) > 0 {
			o["enum"] = s.oneof
		}
	case formTruth:
		o["type"] = "boolean"
	case formDuration:
		o["type"], o["pattern"] = "string", durationPattern
	case formWhole, formNumber:
		s.numberSchema(o)
	case formTexts:
		o["type"], o["items"] = "array", object{"type": "string"}
	case formWords:
		o["type"], o["additionalProperties"] = "object", object{"type": "string"}
	case formName:
		o["oneOf"] = []object{{"type": "string"}, {"type": "object", "additionalProperties": object{"type": "string"}}}
	case formSecret:
		one := func(key string) object {
			return object{"type": "object", "properties": object{key: object{"type": "string"}}, "required": []string{key},
				"additionalProperties": false}
		}
		o["oneOf"] = []object{{"type": "string"}, one("env"), one("file")}
	}
	if d, ok := s.defaultValue(start); ok {
		o["default"] = d
	}
	return o
}

func (s *shape) elemSchema() object {
	return s.tableSchema(defaults(s.typ.Elem()))
}

func (s *shape) numberSchema(o object) {
	o["type"] = "number"
	if s.form == formWhole {
		o["type"] = "integer"
	}
	if s.min != "" {
		o["minimum"] = s.bound(s.min, 0)
	}
	if s.max != "" {
		o["maximum"] = s.bound(s.max, 0)
	}
	var numbers []float64
	for _, word := range s.oneof {
		if f, err := strconv.ParseFloat(word, 64); err == nil {
			numbers = append(numbers, f)
		}
	}
	if numbers != nil {
		o["enum"] = numbers
	}
}

// defaultValue returns the default in the notation of the file. Zero, -1 and an infinity mean an absent value and are
// not defaults.
func (s *shape) defaultValue(start reflect.Value) (any, bool) {
	if start.IsZero() {
		return nil, false
	}
	switch v := start.Interface().(type) {
	case time.Duration:
		return written(v), true
	case string:
		return v, true
	case relay.Type:
		return string(v), true
	case int:
		return v, v >= 0
	case bool:
		return v, true
	case float64:
		return v, v >= 0 && !math.IsInf(v, 0)
	}
	return nil, false
}

// written formats a duration as in a config: 24h, where String returns 24h0m0s.
func written(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
