// When to be connected: retries, background and foreground, changes of the network. One socket, never two.

import type { Incoming } from './parser'
import { Link, type LinkOptions } from './link'
import { isFinal, type OfflineReason } from './reasons'

/** All times are Date.now() of this device. */
export type ConnectionState<Reason = OfflineReason> =
  /** since: when it was last online, or connect() was called. last: why the attempt before this one failed. */
  | { status: 'connecting'; since: number; attempt: number; last: Reason | null }
  | { status: 'online'; since: number }
  /** detail: the platform's words. retryAt: null if nothing is tried by itself. final: only connect() tries again. */
  | { status: 'offline'; since: number; reason: Reason; detail: string; retryAt: number | null; final: boolean }

export interface ConnectionEvents {
  state(state: ConnectionState): void
  /** The connection is there. Everything to be sent again is taken before the state says so. */
  up(link: Link): void
  packet(packet: Exclude<Incoming, { type: 'connack' | 'pingresp' }>): void
  down(): void
}

export type ConnectionOptions = Omit<LinkOptions, 'adapter' | 'openTimeout'> & { adapter: LinkOptions['adapter'] | null }

/** Delays before attempts, in ms: about 0.3, 0.6, 1.2 … 30 s, each with half of it at random. */
const firstDelay = 300
const longestDelay = 30_000
const busyDelay = 5000
/** The time for one attempt, in ms; less for the first two: on the way into the foreground networks swallow packets. */
const quickTimeout = 4000
const slowTimeout = 10_000
/** A connection that has lasted this long, in ms, is sound: the next delay is the first one again. */
const soundAfter = 10_000
/**
 * The shortest time from one socket to the next, in ms: the platform reports the foreground and several networks
 * at once, and a socket that has not opened yet cannot be closed.
 */
const settle = 200
/** A show() that follows no hide() comes with the start of the program. */
const justBegun = 1000

export class Connection {
  state: ConnectionState = { status: 'offline', since: Date.now(), reason: 'closed', detail: '', retryAt: null, final: true }
  private link: Link | null = null
  private wanted = false
  private hidden = false
  private attempt = 0
  private upAt = 0
  private opened = 0
  private last: OfflineReason | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private unwatch: (() => void) | null = null

  constructor(
    private readonly o: ConnectionOptions,
    private readonly autoLife: boolean,
    private readonly events: ConnectionEvents,
  ) {}

  /** The link, if it can carry something. */
  get ready(): Link | null {
    return this.link && this.upAt > 0 && !this.link.over ? this.link : null
  }

  connect(): void {
    if (this.wanted && this.link) return
    this.wanted = true
    this.attempt = 0
    this.last = null
    if (this.autoLife) {
      this.unwatch ??=
        this.o.adapter?.watch?.({
          hide: () => this.hide(),
          show: () => this.show(),
          network: (connected) => this.networkChanged(connected),
        }) ?? null
    }
    if (this.hidden) this.offline('background', '', null)
    else this.open()
  }

  close(): void {
    if (!this.wanted) return
    this.wanted = false
    this.hidden = false // there are no more events from the platform
    this.unwatch?.()
    this.unwatch = null
    this.drop()
    this.offline('closed', '', null)
  }

  /** The program is in the background: the platform will stop it and its sockets within seconds. */
  hide(): void {
    if (this.hidden) return
    this.hidden = true
    if (!this.trying) return
    this.drop()
    this.offline('background', '', null)
  }

  show(): void {
    const wasHidden = this.hidden
    this.hidden = false
    if (!wasHidden && this.link && Date.now() - this.link.began < justBegun) return
    this.renew()
  }

  networkChanged(connected = true): void {
    if (connected) return this.renew()
    if (!this.trying || this.hidden) return
    this.drop()
    if (!this.wanted) return
    this.attempt = 0
    this.retry('no_network', '', this.delay()) // phones have been wrong about this
  }

  /** Whether a connection is wanted and no final reason prevents it. */
  private get trying(): boolean {
    return this.wanted && !(this.state.status === 'offline' && this.state.final)
  }

  /** Assumes that the socket is dead, whatever it looks like, and opens another. */
  private renew(): void {
    if (!this.trying || this.hidden) return
    this.attempt = 0
    this.drop()
    this.open()
  }

  /** Lets go of the socket. It is closed before another is opened, without waiting for its end. */
  private drop(): void {
    clearTimeout(this.timer)
    const link = this.link
    this.link = null
    link?.close()
    if (this.upAt > 0) {
      this.upAt = 0
      this.events.down()
    }
  }

  private open(): void {
    clearTimeout(this.timer)
    if (!this.wanted || this.hidden) return
    if (!this.o.adapter) return this.offline('no_adapter', '', null)
    if (!/^wss?:\/\/[^/\s]+/.test(this.o.url)) return this.offline('bad_address', this.o.url, null)
    const wait = this.opened + settle - Date.now()
    if (wait > 0 && wait <= settle) {
      this.timer = setTimeout(() => this.open(), wait)
      if (this.state.status !== 'connecting')
        this.enter({ status: 'connecting', since: this.since(), attempt: this.attempt + 1, last: this.last })
      return
    }
    this.opened = Date.now()
    this.attempt++
    this.enter({ status: 'connecting', since: this.since(), attempt: this.attempt, last: this.last })
    if (!this.trying || this.hidden || this.link) return // a handler of the event has decided otherwise
    const openTimeout = this.attempt <= 2 ? quickTimeout : slowTimeout
    const link: Link = new Link(
      { ...this.o, adapter: this.o.adapter, openTimeout },
      {
        up: () => this.link === link && this.up(link),
        packet: (p) => this.link === link && this.events.packet(p),
        down: (reason, detail) => this.link === link && this.down(reason, detail),
      },
    )
    this.link = link
    link.start()
  }

  private up(link: Link): void {
    this.upAt = Date.now()
    this.last = null
    this.events.up(link)
    if (this.link === link) this.enter({ status: 'online', since: this.upAt })
  }

  private down(reason: OfflineReason, detail: string): void {
    if (this.upAt > 0 && Date.now() - this.upAt >= soundAfter) this.attempt = 0
    this.drop()
    if (!this.wanted || this.hidden) return
    if (isFinal(reason)) this.offline(reason, detail, null)
    else this.retry(reason, detail, Math.max(this.delay(), reason === 'busy' ? busyDelay : 0))
  }

  private delay(): number {
    const longest = Math.min(longestDelay, firstDelay * 2 ** Math.min(this.attempt, 10))
    return longest / 2 + (Math.random() * longest) / 2
  }

  private retry(reason: OfflineReason, detail: string, delay: number): void {
    this.timer = setTimeout(() => this.open(), delay)
    this.last = reason
    this.offline(reason, detail, Date.now() + Math.round(delay))
  }

  private offline(reason: OfflineReason, detail: string, retryAt: number | null): void {
    this.enter({ status: 'offline', since: this.since(), reason, detail, retryAt, final: isFinal(reason) })
  }

  /** Since when it is not online. */
  private since(): number {
    const fresh = this.state.status === 'online' || (this.state.status === 'offline' && this.state.reason === 'closed')
    return fresh ? Date.now() : this.state.since
  }

  private enter(state: ConnectionState): void {
    this.state = state
    this.events.state(state)
  }
}
