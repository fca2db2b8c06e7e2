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

// poller asks one unit.
type poller struct {
	config  mapping.DeviceConfig
	framing framing
	unit    byte
	fields  []field
	queries []*codec.Query
	byField []*codec.Query // by field
	count   *wire.Counters

	readings []relay.Reading
}

func NewRTU(c mapping.DeviceConfig, count *wire.Counters) codec.Poller {
	return newPoller(c, rtuFraming{}, count)
}
func NewASCII(c mapping.DeviceConfig, count *wire.Counters) codec.Poller {
	return newPoller(c, asciiFraming{}, count)
}

func newPoller(c mapping.DeviceConfig, f framing, count *wire.Counters) codec.Poller {
	m := &poller{config: c, framing: f, unit: byte(c.ModbusUnit), count: count,
		fields: make([]field, len(c.Fields)), byField: make([]*codec.Query, len(c.Fields))}
	for i, f := range c.Fields {
		m.fields[i] = newField(f, c.Poll)
	}
	for _, b := range m.batches() {
		m.queries = append(m.queries, m.read(b))
	}
	return m
}

func (m *poller) Queries() []*codec.Query             { return m.queries }
func (m *poller) Reads(field int) *codec.Query        { return m.byField[field] }
func (m *poller) Timing(c serial.Config) codec.Timing { return m.framing.timing(c) }

// ask makes a query out of a PDU whose answer has size bytes.
func (m *poller) query(pdu []byte, size int, take func(pdu []byte) (codec.Response, codec.Verdict)) *codec.Query {
	return &codec.Query{
		Request: m.framing.wrap(m.unit, pdu),
		Timeout: m.config.Timeout, Retries: m.config.Retries, After: m.config.Turnaround,
		Length: m.framing.length(size), Refusal: fmt.Sprintf("modbus unit %d function %d refuses", m.unit, pdu[0]),
		Answer: func(got []byte, quiet bool) (codec.Response, codec.Verdict) {
			for {
				answer, from, ok := m.framing.find(got, m.unit, pdu[0], size)
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
func (m *poller) read(b batch) *codec.Query {
	size := 2 + b.bytes()
	q := m.query(readPDU(b.table, b.from, b.to-b.from), size, func(pdu []byte) (codec.Response, codec.Verdict) {
		if len(pdu) == 2 {
			return m.refusedRead(b, exception(pdu[1]))
		}
		if int(pdu[1]) != size-2 {
			return codec.Response{}, codec.NoAnswer
		}
		return codec.Response{Readings: m.decode(b, pdu[2:])}, codec.Fits
	})
	q.Name, q.Every = b.String(), b.every
	q.Shape = fmt.Sprintf("modbus unit %d function %d, %d bytes", m.unit, b.table, size)
	for _, i := range b.fields {
		m.byField[i] = q
	}
	return q
}

// decode reads the fields of a batch.
func (m *poller) decode(b batch, data []byte) []relay.Reading {
	m.readings = m.readings[:0]
	for _, i := range b.fields {
		f := &m.fields[i]
		m.readings = append(m.readings, relay.Reading{Field: i, Value: f.decode(data, f.at-b.from, m.count)})
	}
	return m.readings
}

// Recognize makes a query of somebody else's request to read registers.
func (m *poller) Recognize(request []byte) *codec.Query {
	for t := coilTable; t <= inputTable; t++ {
		pdu, _, ok := m.framing.find(request, m.unit, byte(t), 5)
		if !ok || len(pdu) != 5 {
			continue
		}
		from := int(binary.BigEndian.Uint16(pdu[1:]))
		b := batch{table: t, from: from, to: from + int(binary.BigEndian.Uint16(pdu[3:])), every: m.config.Poll}
		for i, f := range m.fields {
			if f.table == t && f.at >= b.from && f.at+f.n <= b.to {
				b.fields = append(b.fields, i)
			}
		}
		slices.SortStableFunc(b.fields, func(i, j int) int { return m.fields[i].at - m.fields[j].at })
		if len(b.fields) > 0 {
			return m.read(b)
		}
	}
	return nil
}

// refusedRead is a no to a batch. One field that does not exist must not take its neighbours along: the batch is
// parted until only those that do not exist are refused.
func (m *poller) refusedRead(b batch, e exception) (codec.Response, codec.Verdict) {
	why, try := e.words()
	r := codec.Response{Refusal: fmt.Sprintf("%s (exception %d)", why, e), Hint: try}
	switch {
	case e.unreached():
		return r, codec.Unreached
	case e.inPart():
		for _, part := range b.split(m.fields) {
			r.Instead = append(r.Instead, m.read(part))
		}
	}
	if r.Instead == nil && !e.passing() {
		m.readings = m.readings[:0]
		for _, i := range b.fields {
			m.readings = append(m.readings, relay.Reading{Field: i})
		}
		r.Readings = m.readings
	}
	return r, codec.Refused
}

// broadcastTurnaround is how long units may take to do what all are told (MODBUS over Serial Line V1.02, 2.4.1).
const broadcastTurnaround = 100 * time.Millisecond

// Write makes the query of a command. The unit has done it when it has repeated what it was told, to the letter.
func (m *poller) Write(c *codec.Command, v relay.Value) (*codec.Query, error) {
	pdu, err := commandPDU(&c.CommandConfig, v)
	if err != nil {
		return nil, err
	}
	echo := pdu
	if pdu[0] == writeCoils || pdu[0] == writeRegisters {
		echo = pdu[:5]
	}
	q := m.query(pdu, len(echo), func(answer []byte) (codec.Response, codec.Verdict) {
		switch {
		case bytes.Equal(answer, echo):
			return codec.Response{}, codec.Fits
		case answer[0] == pdu[0]:
			return codec.Response{}, codec.NoAnswer // it repeats something else: an earlier command's answer, too late
		}
		return refusedWrite(exception(answer[1]))
	})
	q.Name, q.Timeout = "write "+c.Register, c.Timeout
	if len(echo) < len(pdu) {
		q.Shape = fmt.Sprintf("modbus unit %d % x", m.unit, echo) // the values are not repeated
	}
	if m.unit == 0 {
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
