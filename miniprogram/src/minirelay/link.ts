// One connection, from opening the socket to its end.

import type { Connect } from './packet'
import { encodeConnect, encodeDisconnect, encodePing } from './packet'
import { Parser, type Incoming } from './parser'
import { failure, refusal, type OfflineReason } from './reasons'
import type { Socket, SocketAdapter } from './socket'

export interface LinkOptions {
  adapter: SocketAdapter
  url: string
  connect: Connect
  /** Milliseconds until the CONNACK must be there. */
  openTimeout: number
  /** Milliseconds that the broker may be silent when an answer is due. */
  patience: number
  maxPacket: number
}

export interface LinkEvents {
  up(): void
  packet(packet: Exclude<Incoming, { type: 'connack' | 'pingresp' }>): void
  /** The end, exactly once, unless close() was called. */
  down(reason: OfflineReason, detail: string): void
}

type Timer = ReturnType<typeof setTimeout>

/** The names a broker may know MQTT's subprotocol by. It must be an array, also for one. */
const protocols = ['mqtt']

/**
 * A connection to a broker. The end of a WebSocket on a phone often comes without any event, so silence counts:
 * whenever an answer is due, something must come within patience.
 */
export class Link {
  readonly began = Date.now()
  private socket: Socket | null = null
  private state: 'opening' | 'connecting' | 'up' | 'over' = 'opening'
  private readonly parser: Parser
  private opening: Timer | undefined
  private ping: Timer | undefined
  private watchdog: Timer | undefined
  private pingDue = 0

  constructor(
    private readonly o: LinkOptions,
    private readonly events: LinkEvents,
  ) {
    this.parser = new Parser(o.maxPacket)
  }

  start(): void {
    const o = this.o
    this.opening = setTimeout(() => this.end('timeout', `no answer within ${o.openTimeout} ms`), o.openTimeout)
    try {
      this.socket = o.adapter.open(o.url, protocols, o.openTimeout, {
        opened: () => this.opened(),
        message: (data) => this.received(data),
        ended: (detail) => this.ended(detail),
      })
    } catch (e) {
      this.end((e as Error).name === 'SecurityError' ? 'insecure' : 'bad_address', String(e))
    }
    if (this.over) this.socket?.close() // it ended while it was being opened
  }

  get over(): boolean {
    return this.state === 'over'
  }

  /** Sends one packet; an answer to it is expected if due. */
  send(packet: Uint8Array, due = false): void {
    if (this.over || !this.socket) return
    try {
      this.socket.send(packet.buffer as ArrayBuffer)
    } catch (e) {
      this.end('lost', String(e))
      return
    }
    if (due) this.expect()
  }

  /** Ends the connection with a goodbye and without any further event. */
  close(): void {
    if (this.over) return
    if (this.state === 'up') this.send(encodeDisconnect())
    this.finish()
  }

  private opened(): void {
    if (this.state !== 'opening') return
    this.state = 'connecting'
    this.send(encodeConnect(this.o.connect))
  }

  private received(data: ArrayBuffer | string): void {
    if (this.over) return
    clearTimeout(this.watchdog)
    this.watchdog = undefined
    if (typeof data === 'string') return this.end('not_mqtt', 'a message of text')
    try {
      this.parser.push(new Uint8Array(data), (p) => this.take(p))
    } catch (e) {
      this.end('not_mqtt', (e as Error).message)
    }
    // Browsers let the timers of a tab out of sight fire once a minute only; messages still come on time.
    if (this.state === 'up' && this.ping !== undefined && Date.now() - this.pingDue > 1000) this.pingNow()
  }

  private take(p: Incoming): void {
    if (this.over) return
    if (this.state === 'connecting' && p.type === 'connack') {
      if (p.code !== 0) return this.end(refusal(p.code, this.o.connect.will !== undefined), `CONNACK ${p.code}`)
      clearTimeout(this.opening)
      this.state = 'up'
      this.planPing()
      return this.events.up()
    }
    if (this.state !== 'up' || p.type === 'connack') return this.end('not_mqtt', `an unexpected ${p.type}`)
    if (p.type !== 'pingresp') this.events.packet(p)
  }

  private ended(detail: string): void {
    this.end(this.state === 'opening' ? failure(detail) : 'lost', detail)
  }

  private end(reason: OfflineReason, detail: string): void {
    if (this.over) return
    this.finish()
    this.events.down(reason, detail)
  }

  private finish(): void {
    this.state = 'over'
    clearTimeout(this.opening)
    clearTimeout(this.ping)
    clearTimeout(this.watchdog)
    this.socket?.close()
  }

  /** Pings at a steady pace, whatever else is sent: only an answer shows that the way back is open, too. */
  private planPing(): void {
    const every = this.o.connect.keepalive * 1000
    if (every === 0) return
    this.pingDue = Date.now() + every
    this.ping = setTimeout(() => {
      // JavaScript was stopped for longer than the broker waits (MQTT 3.1.1, 3.1.2.10): it has hung up.
      if (Date.now() - this.pingDue > every / 2) this.end('lost', 'the program was suspended')
      else this.pingNow()
    }, every)
  }

  private pingNow(): void {
    clearTimeout(this.ping)
    this.send(encodePing(), true)
    if (!this.over) this.planPing()
  }

  private expect(): void {
    if (this.watchdog !== undefined || this.over) return
    this.watchdog = setTimeout(() => this.end('lost', `no answer within ${this.o.patience} ms`), this.o.patience)
  }
}
