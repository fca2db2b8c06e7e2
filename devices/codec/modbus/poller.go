package modbus

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"minirelay/devices/codec"
	"minirelay/devices/mapping"
	"minirelay/devices/serial"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// poller makes the requests for one unit. It serves the owner of the port.
type poller struct {
	config  mapping.DeviceConfig
	framing framing
	unit    byte
	fields  []field
	queries []*codec.Query
	byField []*codec.Query // by field
	tap     *wire.Tap

	readings []relay.Reading
}

// NewRTU returns the poller of a unit that uses RTU framing. tap receives what it drops.
func NewRTU(c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	return newPoller(c, rtuFraming{}, tap)
}

// NewASCII returns the poller of a unit that uses ASCII framing. tap receives what it drops.
func NewASCII(c mapping.DeviceConfig, tap *wire.Tap) codec.Poller {
	return newPoller(c, asciiFraming{}, tap)
}

func newPoller(c mapping.DeviceConfig, f framing, tap *wire.Tap) codec.Poller {
	p := &poller{config: c, framing: f, unit: byte(c.ModbusUnit), tap: tap,
		fields: make([]field, len(c.Fields)), byField: make([]*codec.Query, len(c.Fields))}
	for i, f := range c.Fields {
		p.fields[i] = newField(f, c.Poll)
	}
	for _, b := range p.batches() {
		q := p.read(b)
		p.carries(q, b)
		p.queries = append(p.queries, q)
	}
	return p
}

func (p *poller) Queries() []*codec.Query             { return p.queries }
func (p *poller) Reads(field int) *codec.Query        { return p.byField[field] }
func (p *poller) Timing(c serial.Config) codec.Timing { return p.framing.timing(c) }

// query makes the query of a PDU; take judges an answer of size bytes or an exception.
func (p *poller) query(pdu []byte, size int, take func(pdu []byte) (codec.Response, codec.Verdict)) *codec.Query {
	return &codec.Query{
		Request: p.framing.wrap(p.unit, pdu),
		Timeout: p.config.Timeout, Retries: p.config.Retries, After: p.config.Turnaround,
		Length: p.framing.length(size), Refusal: fmt.Sprintf("modbus unit %d function %d refuses", p.unit, pdu[0]),
		Answer: func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
			for {
				answer, from, ok := p.framing.find(got, p.unit, pdu[0], size)
				if !ok {
					break
				}
				if r, v := take(answer); v != codec.NoAnswer {
					return r, v
				}
				got = got[from:]
			}
			if quiet {
				return codec.Response{}, codec.Garbled
			}
			return codec.Response{}, codec.NoAnswer
		},
	}
}

// read makes the query that reads a batch.
func (p *poller) read(b batch) *codec.Query {
	size, failures := 2+b.bytes(), 0
	var q *codec.Query
	q = p.query(readPDU(b.table, b.from, b.to-b.from), size, func(pdu []byte) (codec.Response, codec.Verdict) {
		if len(pdu) == 2 {
			if failures++; exception(pdu[1]) != deviceFailure {
				failures = 0
			}
			r, v := p.refusedRead(b, exception(pdu[1]), failures)
			if r.Instead == nil {
				p.carries(q, b)
			}
			return r, v
		}
		if int(pdu[1]) != size-2 {
			return codec.Response{}, codec.NoAnswer
		}
		failures = 0
		p.carries(q, b)
		return codec.Response{Readings: p.decode(b, pdu[2:])}, codec.Fits
	})
	q.Name, q.Every = b.String(), b.every
	answer := q.Answer
	q.Answer = func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
		if n, _ := p.framing.requests(got, q.Request); n > 0 {
			return codec.Response{}, codec.Foreign
		}
		return answer(got, quiet)
	}
	q.Shape = fmt.Sprintf("modbus unit %d function %d, %d bytes", p.unit, b.table, size)
	if parts := b.split(p.fields); parts != nil {
		q.Parts = func() []*codec.Query { return p.parts(b) }
	}
	return q
}

// carries notes that the fields of a batch are read with q from now on: a batch is read whole or in parts in turn.
func (p *poller) carries(q *codec.Query, b batch) {
	for _, i := range b.fields {
		p.byField[i] = q
	}
}

// parts makes the queries that read a batch in two parts; none if it cannot be divided.
func (p *poller) parts(b batch) (all []*codec.Query) {
	for _, part := range b.split(p.fields) {
		all = append(all, p.read(part))
	}
	return all
}

// decode reads the fields of a batch.
func (p *poller) decode(b batch, data []byte) []relay.Reading {
	p.readings = p.readings[:0]
	for _, i := range b.fields {
		f := &p.fields[i]
		p.readings = append(p.readings, relay.Reading{Field: i, Value: f.decode(data, f.at-b.from, p.tap)})
	}
	return p.readings
}

// Recognize returns the query for another program's request to read registers.
func (p *poller) Recognize(request []byte) *codec.Query {
	for t := coilTable; t <= inputTable; t++ {
		pdu, _, ok := p.framing.find(request, p.unit, byte(t), 5)
		if !ok || len(pdu) != 5 {
			continue
		}
		from := int(binary.BigEndian.Uint16(pdu[1:]))
		b := batch{table: t, from: from, to: from + int(binary.BigEndian.Uint16(pdu[3:])), every: p.config.Poll}
		for i, f := range p.fields {
			if f.table == t && f.at >= b.from && f.at+f.n <= b.to {
				b.fields = append(b.fields, i)
			}
		}
		slices.SortStableFunc(b.fields, func(i, j int) int { return p.fields[i].at - p.fields[j].at })
		if len(b.fields) > 0 {
			return p.read(b)
		}
	}
	return nil
}

// manyFailures is how many failures in a row of a unit may mean that it has only some of the registers.
const manyFailures = 3

// refusedRead is the response to a refused batch. A field that does not exist must not cost its neighbours: the batch is
// split until only missing fields are refused. failures is how often in a row the unit has failed: once says nothing about
// addresses, but some units mean nothing else.
func (p *poller) refusedRead(b batch, e exception, failures int) (codec.Response, codec.Verdict) {
	why, try := e.words()
	r := codec.Response{Refusal: fmt.Sprintf("%s (exception %d)", why, e), Hint: try, Busy: e.passing()}
	switch {
	case e.unreached():
		return r, codec.Unreached
	case e.inPart() || failures >= manyFailures:
		r.Instead = p.parts(b)
	}
	if r.Instead == nil && !e.passing() {
		p.readings = p.readings[:0]
		for _, i := range b.fields {
			p.readings = append(p.readings, relay.Reading{Field: i})
		}
		r.Readings = p.readings
	}
	return r, codec.Refused
}

// broadcastTurnaround is the time in which units carry out a broadcast (MODBUS over Serial Line V1.02, 2.4.1).
const broadcastTurnaround = 100 * time.Millisecond

// Write returns the query of a command. The unit has done it when it has repeated it exactly.
func (p *poller) Write(c *codec.Command, v relay.Value) (*codec.Query, error) {
	pdu, err := commandPDU(&c.CommandConfig, v)
	if err != nil {
		return nil, err
	}
	echo := pdu
	if pdu[0] == writeCoils || pdu[0] == writeRegisters {
		echo = pdu[:5]
	}
	q := p.query(pdu, len(echo), func(answer []byte) (codec.Response, codec.Verdict) {
		switch {
		case bytes.Equal(answer, echo):
			return codec.Response{}, codec.Fits
		case answer[0] == pdu[0]:
			return codec.Response{}, codec.NoAnswer // it repeats something else: the late answer to an earlier command
		}
		return refusedWrite(exception(answer[1]))
	})
	q.Name, q.Timeout = "write "+c.Register, c.Timeout
	if r, err := parseRegister(c.RegisterConfig); err == nil {
		q.Proof = p.read(batch{table: r.table, from: r.at, to: r.at + 1})
	}
	if len(echo) < len(pdu) {
		q.Shape = fmt.Sprintf("modbus unit %d % x", p.unit, echo) // the values are not repeated
	}
	if p.unit == 0 {
		q.Nobody, q.After = true, max(q.After, broadcastTurnaround)
	}
	return q, nil
}

func refusedWrite(e exception) (codec.Response, codec.Verdict) {
	why, _ := e.words()
	r := codec.Response{Refusal: fmt.Sprintf("%s (exception %d)", why, e), Pending: e == acknowledged}
	if e.unreached() {
		return r, codec.Unreached
	}
	return r, codec.Refused
}
