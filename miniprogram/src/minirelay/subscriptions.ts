// The subscriptions, across connections.

import { MqttError } from './errors'
import type { Link } from './link'
import { encodeSubscribe, encodeUnsubscribe, type QoS } from './packet'
import { ProtocolError } from './parser'

/** The broker's answer to one filter: the QoS that it grants, or a refusal. */
export type Granted = { filter: string; qos: 0 | 1 | 2; refused?: undefined } | { filter: string; refused: true; qos?: undefined }

interface Waiter {
  filters: string[]
  open: Set<string>
  resolve(granted: Granted[]): void
  reject(e: MqttError): void
}

/** Filters in one SUBSCRIBE, so that it fits any broker's limit for a packet. */
const batch = 32

export class Subscriptions {
  private readonly wanted = new Map<string, { qos: QoS; answer: Granted | null }>()
  private readonly asked = new Map<number, string[]>() // SUBSCRIBEs without their SUBACK
  private readonly left = new Map<number, () => void>() // UNSUBSCRIBEs without their UNSUBACK
  private waiters: Waiter[] = []

  constructor(
    private readonly nextId: () => number,
    private readonly refused: (filter: string) => void,
  ) {}

  uses(id: number): boolean {
    return this.asked.has(id) || this.left.has(id)
  }

  add(link: Link | null, filters: string[], qos: QoS): Promise<Granted[]> {
    for (const f of filters) this.wanted.set(f, { qos, answer: null })
    const answer = new Promise<Granted[]>((resolve, reject) => {
      this.waiters.push({ filters, open: new Set(filters), resolve, reject })
      if (link) this.ask(link, filters)
    })
    answer.catch(() => undefined) // an answer that is not awaited must not become an unhandled rejection
    return answer
  }

  answer(filter: string): Granted | null {
    return this.wanted.get(filter)?.answer ?? null
  }

  remove(link: Link | null, filters: string[]): Promise<void> {
    for (const f of filters) this.wanted.delete(f)
    for (const f of filters) this.answered(f) // those who still wait for it learn that it is not subscribed
    if (!link) return Promise.resolve()
    return new Promise((resolve) => {
      const id = this.nextId()
      this.left.set(id, resolve)
      link.send(encodeUnsubscribe(id, filters), true)
    })
  }

  /** Subscribes everything again: the session is a new one. */
  up(link: Link): void {
    this.ask(link, [...this.wanted.keys()])
  }

  down(): void {
    this.asked.clear()
    const gone = [...this.left.values()]
    this.left.clear()
    for (const resolve of gone) resolve() // the session is over, and its subscriptions with it
  }

  close(): void {
    const gone = this.waiters
    this.waiters = []
    for (const w of gone) w.reject(new MqttError('closed', 'the connection was closed'))
  }

  /** Takes a SUBACK. */
  subscribed(id: number, codes: number[]): void {
    const filters = this.asked.get(id)
    if (!filters) return
    this.asked.delete(id)
    if (codes.length !== filters.length) throw new ProtocolError('a SUBACK for another number of filters')
    filters.forEach((filter, i) => {
      const s = this.wanted.get(filter)
      if (!s) return
      const before = s.answer
      s.answer = codes[i] <= 2 ? { filter, qos: codes[i] as 0 | 1 | 2 } : { filter, refused: true }
      if (s.answer.refused && !before?.refused) this.refused(filter)
      this.answered(filter)
    })
  }

  /** Takes an UNSUBACK. */
  unsubscribed(id: number): void {
    this.left.get(id)?.()
    this.left.delete(id)
  }

  private ask(link: Link, filters: string[]): void {
    for (let i = 0; i < filters.length; i += batch) {
      const some = filters.slice(i, i + batch)
      const id = this.nextId()
      this.asked.set(id, some)
      link.send(
        encodeSubscribe(
          id,
          some.map((filter) => ({ filter, qos: this.wanted.get(filter)?.qos ?? 0 })),
        ),
        true,
      )
    }
  }

  private answered(filter: string): void {
    for (const w of this.waiters) w.open.delete(filter)
    const done = this.waiters.filter((w) => w.open.size === 0)
    this.waiters = this.waiters.filter((w) => w.open.size > 0)
    for (const w of done) w.resolve(w.filters.map((f) => this.wanted.get(f)?.answer ?? { filter: f, refused: true }))
  }
}
