// The packets of MQTT 3.1.1 that a broker sends, cut out of a stream of bytes.

import type { QoS } from './packet'
import { strictUTF8 } from './utf8'

export type Incoming =
  | { type: 'connack'; code: number; sessionPresent: boolean }
  | { type: 'publish'; topic: string; payload: Uint8Array; qos: QoS; retain: boolean; dup: boolean; id: number }
  | { type: 'puback'; id: number }
  | { type: 'suback'; id: number; granted: number[] }
  | { type: 'unsuback'; id: number }
  | { type: 'pingresp' }

/** The bytes are not MQTT as this client understands it. Nothing after them can be trusted. */
export class ProtocolError extends Error {}

/**
 * Cuts packets out of bytes as they come. Its output does not depend on how the bytes were split. After a
 * ProtocolError it is of no use any more.
 */
export class Parser {
  private first = -1 // the first byte of the packet that has begun; -1: none
  private length = 0
  private shift = 0 // of the next byte of the length; -1: the length is known
  private body = none
  private filled = 0

  /** maxPacket: the most bytes that may follow a packet's fixed header. */
  constructor(private readonly maxPacket: number) {}

  /** Takes bytes and hands over each packet that is complete with them. */
  push(bytes: Uint8Array, take: (packet: Incoming) => void): void {
    let at = 0
    while (at < bytes.length) {
      if (this.first < 0) {
        this.first = bytes[at++]
        this.length = this.shift = 0
        continue
      }
      if (this.shift >= 0) {
        this.readLength(bytes[at++])
        if (this.shift >= 0 || this.length > 0) continue
      }
      const n = Math.min(this.length - this.filled, bytes.length - at)
      this.body.set(bytes.subarray(at, at + n), this.filled)
      this.filled += n
      at += n
      if (this.filled < this.length) continue
      const packet = decode(this.first, this.body)
      this.first = -1
      this.body = none
      take(packet)
    }
  }

  private readLength(b: number): void {
    this.length += (b & 127) << this.shift
    if (b & 128) {
      this.shift += 7
      if (this.shift > 21) throw new ProtocolError('a length of more than four bytes') // section 2.2.3
      return
    }
    if (this.length > this.maxPacket) throw new ProtocolError(`a packet of ${this.length} bytes; the most are ${this.maxPacket}`)
    this.shift = -1
    this.filled = 0
    this.body = this.length > 0 ? new Uint8Array(this.length) : none
  }
}

const none = new Uint8Array(0)

function decode(first: number, body: Uint8Array): Incoming {
  const flags = first & 15
  switch (first >> 4) {
    case 2:
      expect(flags === 0 && body.length === 2 && body[0] < 2, 'CONNACK')
      return { type: 'connack', sessionPresent: body[0] === 1, code: body[1] }
    case 3:
      return publish(flags, body)
    case 4:
      expect(flags === 0 && body.length === 2, 'PUBACK')
      return { type: 'puback', id: id(body, 0) }
    case 9:
      expect(flags === 0 && body.length > 2, 'SUBACK')
      return { type: 'suback', id: id(body, 0), granted: Array.from(body.subarray(2)) }
    case 11:
      expect(flags === 0 && body.length === 2, 'UNSUBACK')
      return { type: 'unsuback', id: id(body, 0) }
    case 13:
      expect(flags === 0 && body.length === 0, 'PINGRESP')
      return { type: 'pingresp' }
  }
  throw new ProtocolError(`a packet of type ${first >> 4}, which no broker sends to this client`)
}

function publish(flags: number, body: Uint8Array): Incoming {
  const qos = (flags >> 1) & 3
  expect(qos < 2, 'PUBLISH') // nothing is subscribed at QoS 2
  expect(body.length >= 2, 'PUBLISH')
  const end = 2 + (body[0] << 8) + body[1]
  const start = qos > 0 ? end + 2 : end
  expect(body.length >= start, 'PUBLISH')
  const topic = strictUTF8(body.subarray(2, end))
  if (topic === null || topic === '' || /[+#\0]/.test(topic)) throw new ProtocolError('a message with a bad topic')
  return {
    type: 'publish',
    topic,
    payload: body.subarray(start),
    qos: qos as QoS,
    retain: (flags & 1) === 1,
    dup: (flags & 8) === 8,
    id: qos > 0 ? id(body, end) : 0,
  }
}

function id(body: Uint8Array, at: number): number {
  const n = (body[at] << 8) + body[at + 1]
  expect(n > 0, 'packet identifier')
  return n
}

function expect(ok: boolean, what: string): void {
  if (!ok) throw new ProtocolError(`a malformed ${what}`)
}
