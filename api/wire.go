package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"minirelay/devices/wire"

	"minirelay/devices"
	"minirelay/devices/capture"
	"minirelay/locale"
	"minirelay/relay"
)

const (
	// writeTime limits one write to a watcher. If a write takes longer, the watcher has gone silently.
	writeTime = 10 * time.Second
	// countsEvery is the interval at which changed counters are sent, and at which the user's admin right is checked
	// again.
	countsEvery = time.Second
)

// Sight is one line of GET /api/ports/{port}/wire: bytes, a frame, the counters, the state of the port, or the number
// of records that were missed.
type Sight struct {
	TS int64 `json:"ts"` // Unix milliseconds

	Dir  string `json:"dir,omitempty"` // In or Out
	Hex  string `json:"hex,omitempty"`
	Text string `json:"text,omitempty"` // the same text as from capture.Text

	Frame   *Frame  `json:"frame,omitempty"`
	Counts  *Counts `json:"counts,omitempty"`
	Open    *bool   `json:"open,omitempty"`
	Trouble *string `json:"trouble,omitempty"`
	Missed  uint64  `json:"missed,omitempty"` // records before this line
}

// The directions of bytes.
const (
	In  = "in"  // read by the gateway
	Out = "out" // written by it
)

// Frame is a frame and its result.
type Frame struct {
	Hex     string `json:"hex"` // "" if no answer came
	Text    string `json:"text"`
	Device  string `json:"device"`            // "" if it belongs to none
	Request string `json:"request,omitempty"` // the request that it answers
	OK      bool   `json:"ok"`
	Fields  Fields `json:"fields"`
	Why     string `json:"why"` // why it was dropped, or why some of its values are null
}

// Fields are the values of a frame by the ids of its fields, in its order. In JSON they are an object.
type Fields []Field

// Field is one value, as in the state of a device: null if it is invalid.
type Field struct {
	ID    string
	Value json.RawMessage
}

// MarshalJSON keeps the order.
func (f Fields) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, field := range f {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(relay.AppendJSONString(b, field.ID), ':'), field.Value...)
	}
	return append(b, '}'), nil
}

// UnmarshalJSON keeps the order.
func (f *Fields) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(err, errors.New("fields is not an object"))
	}
	for d.More() {
		id, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		*f = append(*f, Field{id.(string), value}) // a key is always a string
	}
	return nil
}

// SightOf returns the line for a record.
func SightOf(r wire.Record) Sight {
	s := Sight{TS: r.At.UnixMilli()}
	switch {
	case r.Bytes != nil:
		s.Dir, s.Hex, s.Text = In, hex.EncodeToString(r.Bytes.Data), capture.Text(r.Bytes.Data)
		if r.Bytes.Out {
			s.Dir = Out
		}
	case r.State != nil:
		s.Open, s.Trouble = &r.State.Open, &r.State.Trouble
	case r.Frame != nil:
		f := r.Frame
		s.Frame = &Frame{Hex: hex.EncodeToString(f.Data), Text: capture.Text(f.Data), Device: f.Device, Request: f.Request, OK: f.OK, Why: f.Why}
		for _, v := range f.Values {
			s.Frame.Fields = append(s.Frame.Fields, Field{v.Field, v.Value.AppendJSON(nil, v.Decimals)})
		}
	}
	return s
}

// wire shows the wire of a port until the client has gone.
func (s *Server) wire(w http.ResponseWriter, r *http.Request) {
	s.running.Add(1)
	defer s.running.Done()
	watch, err := s.source.Watch(r.PathValue("port"))
	switch {
	case errors.Is(err, devices.ErrNoPort):
		fail(w, r, http.StatusNotFound, "not_found", err.Error())
		return
	case err != nil:
		fail(w, r, http.StatusServiceUnavailable, "busy", err.Error())
		return
	}
	defer watch.Close()
	w.Header().Set("Content-Type", "application/x-ndjson")
	if r.Method == http.MethodHead {
		return
	}
	(&wireWriter{to: http.NewResponseController(w), lines: json.NewEncoder(locale.NewJSON(w)), watch: watch, lang: reader(r)}).run(r, s.source.Login)
}

// wireWriter writes the records for one watcher.
type wireWriter struct {
	to    *http.ResponseController
	lines *json.Encoder
	watch *wire.Watch
	told  wire.Counts
	lang  locale.Language // of the watcher
}

// run writes until the client leaves, loses its right, or the port is removed.
func (w *wireWriter) run(r *http.Request, login func(*http.Request) (Access, time.Duration)) {
	tick := time.NewTicker(countsEvery)
	defer tick.Stop()
	defer func() { _ = w.to.SetWriteDeadline(time.Time{}) }() // the connection may serve another request
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case record, ok := <-w.watch.Records:
			if !ok {
				return
			}
			err = w.some(record)
		case <-tick.C:
			if access, _ := login(r); access != Admin {
				return
			}
			err = w.counts()
		}
		if err != nil {
			return
		}
	}
}

// some writes a record and those that wait after it, and flushes.
func (w *wireWriter) some(record wire.Record) error {
	for {
		if err := w.line(SightOf(record)); err != nil {
			return err
		}
		if n := w.watch.Missed(); n > 0 {
			if err := w.line(Sight{TS: time.Now().UnixMilli(), Missed: n}); err != nil {
				return err
			}
		}
		select {
		case next, ok := <-w.watch.Records:
			if ok {
				record = next
				continue
			}
		default:
		}
		return w.to.Flush()
	}
}

// counts writes the counters if they have changed.
func (w *wireWriter) counts() error {
	now := w.watch.Counts()
	if now == w.told {
		return nil
	}
	w.told = now
	counts := Counts(now)
	if err := w.line(Sight{TS: time.Now().UnixMilli(), Counts: &counts}); err != nil {
		return err
	}
	return w.to.Flush()
}

func (w *wireWriter) line(s Sight) error {
	if s.Frame != nil {
		s.Frame.Why = w.lang.Text(s.Frame.Why) // SightOf made it for this line
	}
	if s.Trouble != nil {
		trouble := w.lang.Text(*s.Trouble)
		s.Trouble = &trouble
	}
	if err := w.to.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	return w.lines.Encode(s)
}
