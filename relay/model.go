package relay

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"time"
)

// Name is a text for people: one text, or one per language ("zh", "en").
type Name struct {
	Text   string
	ByLang map[string]string
}

// UnmarshalTOML takes "温室" or { zh = "温室", en = "Greenhouse" }.
func (n *Name) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*n = Name{Text: v}
		return nil
	case map[string]any:
		n.ByLang = make(map[string]string, len(v))
		for lang, text := range v {
			s, ok := text.(string)
			if !ok {
				return fmt.Errorf("the name for language %q is not a text", lang)
			}
			n.ByLang[lang] = s
		}
		return nil
	}
	return fmt.Errorf("a name is a text or a table of languages")
}

// MarshalJSON writes the text, or the object of languages.
func (n Name) MarshalJSON() ([]byte, error) {
	if n.ByLang != nil {
		return json.Marshal(n.ByLang)
	}
	return json.Marshal(n.Text)
}

// IsZero reports whether there is no name.
func (n Name) IsZero() bool { return n.Text == "" && n.ByLang == nil }

// Option is one value of an enumeration.
type Option struct {
	Value string `json:"value"`
	Name  Name   `json:"name,omitzero"`
}

// Range bounds a number, both ends included. An open end is an infinity: see [Open].
type Range struct{ Min, Max float64 }

// Open is the range that contains every number.
var Open = Range{math.Inf(-1), math.Inf(1)}

// Holds reports whether f is in the range.
func (r Range) Holds(f float64) bool { return f >= r.Min && f <= r.Max }

// Field is one value of a device: everything a client needs to draw it, and the limits that the relay enforces.
type Field struct {
	ID         string
	Name       Name
	Type       Type // never TypeNone
	Unit       string
	Decimals   int   // digits after the point; -1: as many as the value has
	Range      Range // plausible values; the codec has already dropped others
	Options    []Option
	Derived    bool          // not contained in readings: Model.Derive computes it
	StaleAfter time.Duration // null when older than this; 0: when the device goes offline
	Topic      string        // a topic of the user's own that carries the bare value; "" for none
	Hidden     bool          // in no model and no state: only for what is derived from it
}

// Command is a command that a person can send to a device.
type Command struct {
	ID        string
	Name      Name
	Type      Type
	Field     string // the field that shows the effect; "" for none
	Unit      string
	Range     Range
	Step      float64 // 0: any
	Options   []Option
	MaxLength int            // of a text, in bytes
	Allow     *regexp.Regexp // that a text must match; nil: any text
	Ask       Name           // the question to ask first; zero for none
	MaxAge    time.Duration  // how long after acceptance it may still be written
	Topic     string         // a topic of the user's own on which it may be given; "" for none
}

// Model is one device as clients see it, in the order of the file, and how its readings are published.
type Model struct {
	Device       string
	Name         Name
	Fields       []Field
	Commands     []Command
	OfflineAfter time.Duration // offline after this long without a valid frame; 0: only when its port is lost
	MinInterval  time.Duration // at most one state per interval; the newest waits and is never lost
	OnChange     bool          // publish only what differs from the last published state
	Topic        string        // a topic of the user's own that carries the whole state; "" for none

	// Derive sets the values of derived fields from those of the others, whenever one of these has changed or has
	// become too old. It receives the values of all fields, in order, and the readings by which they have changed; none if
	// they have become too old. It is called by one goroutine at a time, and must not block. nil: no field is derived.
	Derive func(values []Value, read []Reading)
}

// Reading is one decoded value. Field is an index of [Model].Fields. A null [Value] means that the hardware reported no
// valid value: a sensor error, or an implausible number.
type Reading struct {
	Field int
	Value Value
}

// open turns an infinite end into an absent key.
func open(f float64) *float64 {
	if math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// MarshalJSON writes everything a client needs to draw the device, in the order of the file.
func (m Model) MarshalJSON() ([]byte, error) {
	type field struct {
		ID       string   `json:"id"`
		Name     Name     `json:"name,omitzero"`
		Type     Type     `json:"type"`
		Unit     string   `json:"unit,omitempty"`
		Decimals *int     `json:"decimals,omitempty"`
		Min      *float64 `json:"min,omitempty"`
		Max      *float64 `json:"max,omitempty"`
		Options  []Option `json:"options,omitempty"`
	}
	type command struct {
		ID        string   `json:"id"`
		Name      Name     `json:"name,omitzero"`
		Type      Type     `json:"type"`
		Field     string   `json:"field,omitempty"`
		Min       *float64 `json:"min,omitempty"`
		Max       *float64 `json:"max,omitempty"`
		Step      float64  `json:"step,omitempty"`
		Unit      string   `json:"unit,omitempty"`
		Options   []Option `json:"options,omitempty"`
		MaxLength int      `json:"max_length,omitempty"`
		Allow     string   `json:"allow,omitempty"`
		Ask       Name     `json:"ask,omitzero"`
	}
	out := struct {
		Device   string    `json:"device"`
		Name     Name      `json:"name,omitzero"`
		Fields   []field   `json:"fields"`
		Commands []command `json:"commands"`
	}{m.Device, m.Name, make([]field, 0, len(m.Fields)), make([]command, 0, len(m.Commands))}
	hidden := map[string]bool{}
	for _, f := range m.Fields {
		if hidden[f.ID] = f.Hidden; f.Hidden {
			continue
		}
		j := field{ID: f.ID, Name: f.Name, Type: f.Type, Unit: f.Unit, Options: f.Options,
			Min: open(f.Range.Min), Max: open(f.Range.Max)}
		if f.Decimals >= 0 && f.Type == TypeNumber {
			j.Decimals = &f.Decimals
		}
		out.Fields = append(out.Fields, j)
	}
	for _, c := range m.Commands {
		if hidden[c.Field] {
			c.Field = ""
		}
		j := command{ID: c.ID, Name: c.Name, Type: c.Type, Field: c.Field, Step: c.Step, Unit: c.Unit,
			Options: c.Options, Ask: c.Ask, Min: open(c.Range.Min), Max: open(c.Range.Max)}
		if c.Type == TypeText {
			j.MaxLength = c.MaxLength
			if c.Allow != nil {
				j.Allow = c.Allow.String()
			}
		}
		out.Commands = append(out.Commands, j)
	}
	return json.Marshal(out)
}
