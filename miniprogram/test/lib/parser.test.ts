import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { Parser, ProtocolError, type Incoming } from '@/minirelay/parser'
import { random, randomBytes } from './random'

/** A stream as brokers send it, of packets of every kind and of lengths of one, two and three bytes. */
function stream(): Buffer {
  const publish = (length: number, qos: 0 | 1) =>
    generate({
      cmd: 'publish',
      topic: 'minirelay/home/温室/state',
      payload: Buffer.alloc(length, length),
      qos,
      dup: false,
      retain: length % 2 === 0,
      messageId: qos ? length + 1 : undefined,
    })
  return Buffer.concat([
    generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
    generate({ cmd: 'suback', messageId: 1, granted: [0, 1, 128] }),
    publish(0, 0),
    publish(5, 1),
    generate({ cmd: 'pingresp' }),
    publish(200, 1),
    generate({ cmd: 'puback', messageId: 9 }),
    publish(17_000, 0),
    generate({ cmd: 'unsuback', messageId: 2, granted: [] }),
    publish(1, 0),
  ])
}

/** The packets in a form that is compared quickly. */
function print(p: Incoming): string {
  return JSON.stringify(p, (key, v) => (key === 'payload' ? Buffer.from(v.buffer, v.byteOffset, v.length).toString('base64') : v))
}

function parse(pieces: Uint8Array[], max = 1 << 20): string[] {
  const packets: Incoming[] = []
  const p = new Parser(max)
  for (const piece of pieces) p.push(piece, (packet) => packets.push(packet))
  return packets.map(print)
}

const malformed: [string, number[]][] = [
  ['a length of five bytes', [0x30, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['a CONNACK with flags', [0x21, 2, 0, 0]],
  ['a CONNACK of three bytes', [0x20, 3, 0, 0, 0]],
  ['a PUBLISH at QoS 2', [0x34, 5, 0, 1, 97, 0, 1]],
  ['a PUBLISH at QoS 3', [0x36, 5, 0, 1, 97, 0, 1]],
  ['a PUBLISH whose topic is longer than itself', [0x30, 3, 0, 9, 97]],
  ['a PUBLISH without a topic', [0x30, 2, 0, 0]],
  ['a PUBLISH that ends in its topic length', [0x30, 1, 0]],
  ['a PUBLISH to a filter', [0x30, 3, 0, 1, 0x2b]],
  ['a PUBLISH to a topic with NUL', [0x30, 3, 0, 1, 0]],
  ['a PUBLISH to a topic that is no UTF-8', [0x30, 4, 0, 2, 0xc3, 0x28]],
  ['a PUBLISH with the id 0', [0x32, 5, 0, 1, 97, 0, 0]],
  ['a PUBACK of one byte', [0x40, 1, 0]],
  ['a SUBACK without an answer', [0x90, 2, 0, 1]],
  ['a PINGRESP that says something', [0xd0, 1, 0]],
  ['a PUBREC', [0x50, 2, 0, 1]],
  ['a packet that only clients send', [0x82, 2, 0, 1]],
  ['a packet of type 0', [0x00, 0]],
]

describe('the parser', () => {
  it('gives the same packets wherever the bytes are split', () => {
    const bytes = stream()
    const whole = parse([bytes])
    expect(whole).toHaveLength(10)
    expect(parse(Array.from(bytes, (b) => Uint8Array.of(b)))).toEqual(whole)
    for (let at = 0; at <= 700; at++) expect(parse([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
    for (let at = bytes.length - 200; at < bytes.length; at++) expect(parse([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
  })

  it('gives the same packets for any pieces', () => {
    const bytes = stream()
    const whole = parse([bytes])
    const next = random(5)
    for (let round = 0; round < 200; round++) {
      const pieces: Uint8Array[] = []
      const longest = 1 + Math.floor(next() * 3000)
      for (let at = 0; at < bytes.length;) {
        const length = Math.floor(next() * longest) // also nothing at all
        pieces.push(bytes.subarray(at, at + length))
        at += length
      }
      expect(parse(pieces)).toEqual(whole)
    }
  })

  it('keeps a payload although the buffer that brought it is used again', () => {
    const bytes = stream()
    const whole = parse([Buffer.from(bytes)])
    const packets: Incoming[] = []
    const p = new Parser(1 << 20)
    p.push(bytes, (packet) => packets.push(packet))
    bytes.fill(0)
    expect(packets.map(print)).toEqual(whole)
  })

  it.each(malformed)('refuses %s', (_, bytes) => {
    expect(() => parse([Uint8Array.from(bytes)])).toThrow(ProtocolError)
    expect(() => parse(bytes.map((b) => Uint8Array.of(b)))).toThrow(ProtocolError)
  })

  it('refuses a packet that is too long before it takes memory for it', () => {
    expect(() => parse([Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f)], 1000)).toThrow(/268435455/)
    expect(() => parse([Uint8Array.of(0x30, 0xe9, 0x07)], 1000)).toThrow(/1001/)
    const longest = generate({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(997), qos: 0, dup: false, retain: false })
    expect(parse([longest], 1000)).toHaveLength(1)
  })

  it('answers noise with packets or a ProtocolError and nothing else', () => {
    const next = random(6)
    for (let i = 0; i < 20_000; i++) {
      const bytes = randomBytes(next, 40)
      if (i % 2) bytes[0] = [0x20, 0x30, 0x32, 0x40, 0x90, 0xb0, 0xd0][i % 7]
      if (i % 4 === 1) bytes[1] = i % 38
      try {
        parse([bytes], 100)
      } catch (e) {
        expect(e).toBeInstanceOf(ProtocolError)
      }
    }
  })
})
