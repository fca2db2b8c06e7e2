// Everything that this client sends is read by mqtt-packet, and everything that mqtt-packet writes is read by it.

import { generate, parser, type Packet } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import {
  encodeConnect,
  encodeDisconnect,
  encodePing,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
} from '@/minirelay/packet'
import { Parser, type Incoming } from '@/minirelay/parser'
import { random, randomBytes } from './random'

function read(bytes: Uint8Array): Packet {
  const packets: Packet[] = []
  const p = parser({ protocolVersion: 4 })
  p.on('packet', (packet) => packets.push(packet))
  p.on('error', (e) => {
    throw e
  })
  p.parse(Buffer.from(bytes))
  expect(packets).toHaveLength(1)
  // A mini-program sends the whole buffer.
  expect(bytes.byteOffset).toBe(0)
  expect(bytes.buffer.byteLength).toBe(bytes.length)
  return packets[0]
}

function parse(bytes: Uint8Array): Incoming[] {
  const packets: Incoming[] = []
  new Parser(1 << 20).push(bytes, (p) => packets.push(p))
  return packets
}

const written = (packet: Packet) => parse(generate(packet, { protocolVersion: 4 }))

describe('what the client writes', () => {
  it('connects with everything', () => {
    const packet = read(
      encodeConnect({
        clientId: 'phone-1',
        keepalive: 300,
        user: '用户',
        password: 'pä$$wörd💧',
        will: { topic: 'home/gone', payload: '再见', qos: 1, retain: true },
      }),
    )
    expect(packet).toMatchObject({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: 'phone-1',
      keepalive: 300,
      username: '用户',
      password: Buffer.from('pä$$wörd💧'),
      will: { topic: 'home/gone', payload: Buffer.from('再见'), qos: 1, retain: true },
    })
  })

  it('connects with nothing', () => {
    const packet = read(encodeConnect({ clientId: '', keepalive: 0 }))
    expect(packet).toMatchObject({ cmd: 'connect', clean: true, clientId: '', keepalive: 0 })
    expect(packet).not.toHaveProperty('username')
    expect(packet).not.toHaveProperty('will')
  })

  it('publishes anything', () => {
    const next = random(3)
    for (const length of [0, 1, 120, 121, 127, 128, 16_376, 16_384, 70_000, 2_097_152]) {
      const payload = randomBytes(next, length)
      for (const qos of [0, 1] as const) {
        const packet = read(
          encodePublish({ topic: '家/温度', payload, qos, retain: next() < 0.5, dup: qos === 1 && next() < 0.5, id: qos ? 65_535 : 0 }),
        )
        expect(packet).toMatchObject({ cmd: 'publish', topic: '家/温度', qos, ...(qos ? { messageId: 65_535 } : {}) })
        expect(Buffer.compare((packet as { payload: Buffer }).payload, payload)).toBe(0)
      }
    }
  })

  it('subscribes and unsubscribes', () => {
    expect(
      read(
        encodeSubscribe(7, [
          { filter: 'a/+', qos: 1 },
          { filter: '家/#', qos: 0 },
        ]),
      ),
    ).toMatchObject({
      cmd: 'subscribe',
      messageId: 7,
      subscriptions: [
        { topic: 'a/+', qos: 1 },
        { topic: '家/#', qos: 0 },
      ],
    })
    expect(read(encodeUnsubscribe(8, ['a/+', '家/#']))).toMatchObject({
      cmd: 'unsubscribe',
      messageId: 8,
      unsubscriptions: ['a/+', '家/#'],
    })
  })

  it('acknowledges, pings and says goodbye', () => {
    expect(read(encodePuback(513))).toMatchObject({ cmd: 'puback', messageId: 513 })
    expect(read(encodePing())).toMatchObject({ cmd: 'pingreq' })
    expect(read(encodeDisconnect())).toMatchObject({ cmd: 'disconnect' })
  })

  it('refuses texts that MQTT cannot carry', () => {
    expect(() =>
      encodePublish({ topic: 'é'.repeat(32_768), payload: new Uint8Array(0), qos: 0, retain: false, dup: false, id: 0 }),
    ).toThrow(RangeError)
  })
})

describe('what the client reads', () => {
  it.each([0, 1, 2, 3, 4, 5])('CONNACK %i', (code) => {
    expect(written({ cmd: 'connack', returnCode: code, sessionPresent: code === 0 })).toEqual([
      { type: 'connack', code, sessionPresent: code === 0 },
    ])
  })

  it('PUBLISH', () => {
    const next = random(4)
    for (const length of [0, 1, 125, 126, 127, 128, 16_380, 16_383, 16_384, 500_000]) {
      const payload = Buffer.from(randomBytes(next, length))
      for (const qos of [0, 1] as const) {
        const retain = next() < 0.5
        const [p, ...more] = written({
          cmd: 'publish',
          topic: '家/温度',
          payload,
          qos,
          dup: qos === 1,
          retain,
          messageId: qos ? 300 : undefined,
        })
        expect(more).toEqual([])
        expect(p).toMatchObject({ type: 'publish', topic: '家/温度', qos, dup: qos === 1, retain, id: qos ? 300 : 0 })
        expect(Buffer.compare((p as { payload: Uint8Array }).payload, payload)).toBe(0)
      }
    }
  })

  it('PUBACK, SUBACK, UNSUBACK and PINGRESP', () => {
    expect(written({ cmd: 'puback', messageId: 513 })).toEqual([{ type: 'puback', id: 513 }])
    expect(written({ cmd: 'suback', messageId: 2, granted: [0, 1, 2, 128] })).toEqual([{ type: 'suback', id: 2, granted: [0, 1, 2, 128] }])
    expect(written({ cmd: 'unsuback', messageId: 3, granted: [] })).toEqual([{ type: 'unsuback', id: 3 }])
    expect(written({ cmd: 'pingresp' })).toEqual([{ type: 'pingresp' }])
  })
})
