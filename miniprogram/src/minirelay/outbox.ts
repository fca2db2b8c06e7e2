// Messages on their way to the broker.

import { MqttError } from './errors'
import type { Link } from './link'
import { encodePublish, payloadBytes, type Publish, type QoS } from './packet'
import { validTopic } from './topics'

export interface PublishOptions {
  qos?: QoS
  retain?: boolean
  /**
   * What happens to it without a connection. 'refuse', the default, fails at once, and a message whose
   * acknowledgement is lost with the connection fails too: right for everything that moves something. 'queue' waits
   * for the connection and sends again until the broker acknowledges: right for notes and readings.
   */
  whileOffline?: 'refuse' | 'queue'
}

/** Messages that wait for a connection or an acknowledgement. A full outbox refuses the newest at once. */
const capacity = 100
/** Messages that may be unacknowledged at a time. */
const window = 16

interface Entry {
  publish: Publish
  queue: boolean
  sent: boolean
  resolve(): void
  reject(e: MqttError): void
}

export class Outbox {
  private entries: Entry[] = []

  constructor(private readonly nextId: () => number) {}

  publish(link: Link | null, topic: string, payload: string | Uint8Array | ArrayBuffer, o: PublishOptions): Promise<void> {
    if (!validTopic(topic)) return fail('bad_topic', `${JSON.stringify(topic)} is not a valid topic to publish to`)
    const publish: Publish = {
      topic,
      payload: payloadBytes(payload),
      qos: o.qos ?? 1,
      retain: o.retain ?? false,
      dup: false,
      id: 0,
    }
    if (publish.payload.length > 0x0fffffff - 0x10004) return fail('too_big', 'the payload is too long for MQTT')
    const queue = o.whileOffline === 'queue'
    if (!link && !queue) return fail('offline', 'there is no connection')
    if (link && publish.qos === 0) {
      link.send(encodePublish(publish))
      return Promise.resolve()
    }
    if (this.entries.length >= capacity) return fail('queue_full', `${capacity} messages are already waiting`)
    return new Promise((resolve, reject) => {
      this.entries.push({ publish, queue, sent: false, resolve, reject })
      if (link) this.fill(link)
    })
  }

  /** Whether id belongs to a message that waits for its acknowledgement. */
  uses(id: number): boolean {
    return this.entries.some((e) => e.publish.id === id)
  }

  /** Takes a PUBACK. */
  acknowledged(link: Link, id: number): void {
    const at = this.entries.findIndex((e) => e.sent && e.publish.id === id)
    if (at < 0) return
    const [entry] = this.entries.splice(at, 1)
    this.fill(link)
    entry.resolve()
  }

  /** Sends what waits. The session is a new one, so what was sent before may be sent twice, and says so. */
  up(link: Link): void {
    for (const e of this.entries) {
      if (e.sent) e.publish.dup = true
      e.sent = false
    }
    this.fill(link)
  }

  down(): void {
    const gone = this.entries.filter((e) => !e.queue)
    this.entries = this.entries.filter((e) => e.queue)
    for (const e of gone) {
      e.reject(
        e.sent
          ? new MqttError('connection_lost', 'the connection was lost before the broker acknowledged')
          : new MqttError('offline', 'the connection was lost before it was sent'),
      )
    }
  }

  /** Gives up everything. */
  close(): void {
    const gone = this.entries
    this.entries = []
    for (const e of gone) e.reject(new MqttError('closed', 'the connection was closed'))
  }

  private fill(link: Link): void {
    const sentAtQoS0: Entry[] = []
    for (const e of this.entries.slice(0, window)) {
      if (e.sent) continue
      e.sent = true
      if (e.publish.qos === 0) sentAtQoS0.push(e)
      else if (e.publish.id === 0) e.publish.id = this.nextId()
      link.send(encodePublish(e.publish), e.publish.qos > 0)
      if (link.over) break
    }
    if (sentAtQoS0.length === 0 || link.over) return
    this.entries = this.entries.filter((e) => !sentAtQoS0.includes(e))
    for (const e of sentAtQoS0) e.resolve()
    this.fill(link)
  }
}

function fail(code: MqttError['code'], message: string): Promise<void> {
  return Promise.reject(new MqttError(code, message))
}
