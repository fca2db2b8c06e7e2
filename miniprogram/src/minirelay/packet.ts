// The packets of MQTT 3.1.1 that a client sends, as bytes. Section numbers are those of the OASIS standard.

import { encodeUTF8 } from './utf8'

export type QoS = 0 | 1

/** What the broker publishes for a client whose connection ends without a goodbye. */
export interface Will {
  topic: string
  payload: string | Uint8Array | ArrayBuffer
  qos?: QoS
  retain?: boolean
}

export interface Connect {
  clientId: string
  /** Seconds, 0 to 65535. */
  keepalive: number
  user?: string
  password?: string
  will?: Will
}

export interface Publish {
  topic: string
  payload: Uint8Array
  qos: QoS
  retain: boolean
  dup: boolean
  /** 1 to 65535; 0 with QoS 0. */
  id: number
}

export const longestString = 65535 // bytes, section 1.5.3

/** CONNECT with a clean session, section 3.1. */
export function encodeConnect(c: Connect): Uint8Array {
  let flags = 0x02
  const rest = [string(c.clientId)]
  if (c.will) {
    flags |= 0x04 | ((c.will.qos ?? 0) << 3) | (c.will.retain ? 0x20 : 0)
    rest.push(string(c.will.topic), field(payloadBytes(c.will.payload)))
  }
  if (c.user !== undefined) {
    flags |= 0x80
    rest.push(string(c.user))
    if (c.password !== undefined) {
      flags |= 0x40
      rest.push(string(c.password))
    }
  }
  return packet(0x10, string('MQTT'), [4, flags, c.keepalive >> 8, c.keepalive & 255], ...rest)
}

/** PUBLISH, section 3.3. */
export function encodePublish(p: Publish): Uint8Array {
  const first = 0x30 | (p.dup ? 8 : 0) | (p.qos << 1) | (p.retain ? 1 : 0)
  return packet(first, string(p.topic), p.qos > 0 ? uint16(p.id) : [], p.payload)
}

/** PUBACK, section 3.4. */
export function encodePuback(id: number): Uint8Array {
  return packet(0x40, uint16(id))
}

/** SUBSCRIBE, section 3.8. */
export function encodeSubscribe(id: number, filters: { filter: string; qos: QoS }[]): Uint8Array {
  const parts: Bytes[] = [uint16(id)]
  for (const f of filters) parts.push(string(f.filter), [f.qos])
  return packet(0x82, ...parts)
}

/** UNSUBSCRIBE, section 3.10. */
export function encodeUnsubscribe(id: number, filters: string[]): Uint8Array {
  return packet(0xa2, uint16(id), ...filters.map(string))
}

/** PINGREQ, section 3.12. */
export const encodePing = () => packet(0xc0)

/** DISCONNECT, section 3.14. */
export const encodeDisconnect = () => packet(0xe0)

/** The bytes of what a caller gives as a payload. */
export function payloadBytes(payload: string | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof payload === 'string') return encodeUTF8(payload)
  // Not instanceof: a buffer may come from another JavaScript context.
  return 'byteOffset' in payload ? payload : new Uint8Array(payload)
}

type Bytes = Uint8Array | number[]

const uint16 = (n: number): number[] => [n >> 8, n & 255]

function string(text: string): Uint8Array {
  return field(encodeUTF8(text))
}

function field(bytes: Uint8Array): Uint8Array {
  if (bytes.length > longestString) throw new RangeError(`a text in MQTT has at most ${longestString} bytes, this one has ${bytes.length}`)
  return join(uint16(bytes.length), bytes)
}

/** One packet in a buffer of exactly its length: `send` of a mini-program sends the whole buffer. */
function packet(first: number, ...parts: Bytes[]): Uint8Array {
  let rest = 0
  for (const p of parts) rest += p.length
  if (rest > 0x0fffffff) throw new RangeError('a packet of MQTT has at most 268435455 bytes')
  const length: number[] = []
  let n = rest
  do {
    length.push((n & 127) | (n > 127 ? 128 : 0))
    n >>= 7
  } while (n > 0)
  return join([first], length, ...parts)
}

function join(...parts: Bytes[]): Uint8Array {
  let n = 0
  for (const p of parts) n += p.length
  const out = new Uint8Array(n)
  let at = 0
  for (const p of parts) {
    out.set(p, at)
    at += p.length
  }
  return out
}
