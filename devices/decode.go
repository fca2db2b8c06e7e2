package devices

import (
	"bytes"
	"io"
	"time"

	"minirelay/devices/capture"
	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// Decode shows how a recording is read with the description d of a device, without a port. It calls see for the written
// bytes and for each frame in the order of arrival, with its values or the reason why it was dropped. Record.At counts
// from [DecodeStart]. port gives the settings of the line, on which some protocols depend. The error is the first fault
// of d, as [CheckDevice] finds it.
//
// Decode differs from a live port in one way: the first frame of a recording may be whole, and is accepted if it can be
// decoded.
func Decode(port serial.Config, d mapping.DeviceConfig, recording []capture.Record, see func(wire.Record)) (wire.Counts, error) {
	if problems := CheckDevice(d); len(problems) > 0 {
		return wire.Counts{}, problems[0].Err()
	}
	dec := &decoder{port: port, see: see}
	dec.judge = judge{tap: &dec.tap, half: "it may be half a frame: the recording begins here",
		unknown: "the device has no such frame", lenient: true}
	dec.tap.ShowAll(see)
	dec.device = compile(d, &dec.tap)
	if dec.device.poller != nil {
		dec.ask(recording)
	} else {
		dec.talk(recording)
	}
	return dec.tap.Counts(), nil
}

// DecodeStart is the time of the beginning of a recording in the records that [Decode] shows.
var DecodeStart = time.Unix(0, 0)

// decoder decodes one recording.
type decoder struct {
	port   serial.Config
	device *device
	tap    wire.Tap
	judge  judge
	see    func(wire.Record)

	// For a polled device.
	known  []*codec.Query // the requests that it may get
	asked  *codec.Query   // the last request; nil: an unknown one, or none
	silent bool           // no request is waiting
	got    []byte         // the bytes since the last request
	at     time.Time      // when the last of them came
}

func (d *decoder) wrote(r capture.Record) {
	at := DecodeStart.Add(r.At)
	d.see(wire.Record{At: at, Bytes: &wire.Bytes{Out: true, Data: r.Data}})
}

// recorded is an io.Reader that returns the recorded bytes in the recorded pieces.
type recorded struct {
	rest  []capture.Record
	at    time.Duration
	wrote func(capture.Record) // is called for each written piece in between
}

func (r *recorded) Read(b []byte) (int, error) {
	for len(r.rest) > 0 && r.rest[0].Out {
		r.wrote(r.rest[0])
		r.rest = r.rest[1:]
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	first := &r.rest[0]
	r.at = first.At
	n := copy(b, first.Data)
	if n < len(first.Data) {
		r.rest = append([]capture.Record{{At: first.At, Data: first.Data[n:]}}, r.rest[1:]...)
	} else {
		r.rest = r.rest[1:]
	}
	return n, nil
}

// ReadAt returns when the last piece was received.
func (r *recorded) ReadAt() time.Time { return DecodeStart.Add(r.at) }

// talk decodes the frames of a device that talks by itself.
func (d *decoder) talk(recording []capture.Record) {
	r := &recorded{rest: recording, wrote: d.wrote}
	d.tap.Now = r.ReadAt
	framer := d.device.framer(r, &d.tap)
	for {
		frame, err := framer.Next(d.device.config.MaxFrame)
		if err != nil {
			return
		}
		d.frame(frame)
	}
}

// frame decodes one frame.
func (d *decoder) frame(frame codec.Frame) {
	d.tap.Forget()
	f := d.judge.find(d.device, nil, frame)
	switch f.fate {
	case readingFrame:
		d.judge.took(d.device, "", frame.At, frame.Bytes, f.readings)
	case answerFrame: // to a written command, whose number is not known
		d.judge.answered(d.device, "command "+f.command.ID, frame, "")
	default:
		d.judge.drop(frame, f.fate)
	}
}

// ask decodes the answers of a polled device.
func (d *decoder) ask(recording []capture.Record) {
	d.known = append(d.device.poller.Queries(), d.commands()...)
	d.silent = true
	d.tap.Now = func() time.Time { return d.at }
	bothWays := true // no direction was recorded: the tap heard both sides
	for _, r := range recording {
		bothWays = bothWays && !r.Out
	}
	d.at = DecodeStart
	ends := d.device.poller.Timing(d.port).Ends
	for _, r := range recording {
		at := DecodeStart.Add(r.At)
		if ends > 0 && len(d.got) > 0 && at.Sub(d.at) >= ends {
			d.look(true)
		}
		if q := d.queryOf(r.Data); r.Out || bothWays && q != nil && len(d.got) == 0 {
			d.finish()
			d.wrote(r)
			d.asked, d.silent, d.at = q, false, at
			continue
		}
		d.got, d.at = append(d.got, r.Data...), at
		d.tap.Bytes.Add(uint64(len(r.Data)))
		d.look(false)
	}
	d.finish()
}

// commands returns the queries of the commands whose values can be listed.
func (d *decoder) commands() []*codec.Query {
	var all []*codec.Query
	for _, c := range d.device.commands {
		values := []relay.Value{{}}
		switch c.Type {
		case relay.TypeBool:
			values = []relay.Value{relay.BoolValue(false), relay.BoolValue(true)}
		case relay.TypeEnum:
			values = nil
			for _, o := range mapping.EnumOptions(c.Options, c.Values) {
				values = append(values, relay.TextValue(o.Value))
			}
		case relay.TypeNumber, relay.TypeText:
			continue
		}
		for _, v := range values {
			if q, err := d.device.poller.Write(c, v); err == nil {
				all = append(all, q)
			}
		}
	}
	return all
}

func (d *decoder) queryOf(request []byte) *codec.Query {
	for _, q := range d.known {
		if bytes.Equal(q.Request, request) {
			return q
		}
	}
	if r, ok := d.device.poller.(codec.Recognizer); ok {
		return r.Recognize(request)
	}
	return nil
}

// look gives the bytes received so far to the query that waits.
func (d *decoder) look(quiet bool) {
	if d.asked == nil {
		return
	}
	got := behindEcho(d.port, d.asked.Request, d.got)
	r, v := d.judge.answer(d.device, d.asked, d.at, got, quiet)
	switch v {
	case codec.NoAnswer:
		return
	case codec.Garbled:
		d.got = d.got[:len(d.got)-len(got)]
		return
	}
	d.known = append(d.known, r.Instead...)
	d.over()
}

// finish ends the wait for an answer.
func (d *decoder) finish() {
	d.look(true)
	switch {
	case d.asked != nil:
		d.judge.unanswered(d.device, d.asked, d.at, behindEcho(d.port, d.asked.Request, d.got), 0)
	case d.silent:
		d.judge.unasked(d.got)
	case len(d.got) > 0:
		d.tap.Drop(&d.tap.Noise, d.got, "it answers a request that is never sent to this device")
	}
	d.over()
}

// over starts to wait for the next request.
func (d *decoder) over() { d.got, d.asked, d.silent = d.got[:0], nil, true }

// Questions returns the requests with which a device is polled, each once and as on the wire; none if it talks by
// itself. The requests only read. The error is the first fault of d, as [CheckDevice] finds it.
func Questions(d mapping.DeviceConfig) (requests [][]byte, err error) {
	if problems := CheckDevice(d); len(problems) > 0 {
		return nil, problems[0].Err()
	}
	m := compile(d, new(wire.Tap))
	if m.poller == nil {
		return nil, nil
	}
	for _, q := range m.poller.Queries() {
		requests = append(requests, q.Request)
	}
	return requests, nil
}
