// An MQTT 3.1.1 client for mini-programs and pages, for people with topics of their own.

import { findSocket } from './adapters'
import { Emitter } from './emitter'
import { MqttError } from './errors'
import { Connection, type ConnectionState } from './connection'
import { Outbox, type PublishOptions } from './outbox'
import { encodePuback, type QoS, type Will } from './packet'
import type { Incoming } from './parser'
import { randomText } from './random'
import type { SocketAdapter } from './socket'
import { Subscriptions, type Granted } from './subscriptions'
import { validFilter } from './topics'
import { decodeUTF8 } from './utf8'

export interface MqttOptions {
  /** ws://… or wss://…, usually with the path /mqtt. */
  url: string
  user?: string
  password?: string
  /** Random if left out. Two connections with the same id throw each other out. */
  clientId?: string
  /** Seconds between two pings, 25 if left out: proxies cut what is idle for 60. 0: none. */
  keepalive?: number
  will?: Will
  /** Found by itself for WeChat, Alipay, Douyin and browsers. */
  socket?: SocketAdapter
  /** false: hide(), show() and networkChanged() are called by you and not by the platform. */
  autoLife?: boolean
  /** The longest packet that is taken, in bytes; 1 MiB if left out. */
  maxPacket?: number
  /** How long an answer of the broker may be overdue before the connection counts as dead, in ms; 5000 if left out. */
  patience?: number
}

export interface Message {
  topic: string
  payload: Uint8Array
  qos: QoS
  /** It was stored by the broker and came with the subscription. */
  retain: boolean
  /** It may have come before. */
  dup: boolean
  /** The payload as UTF-8 text. */
  text(): string
}

type MqttEvents = {
  state: [ConnectionState]
  message: [Message]
  /** The broker refuses this filter. */
  refused: [filter: string]
}

/**
 * A connection that stays: it comes back by itself after every cut, in the foreground, and on another network, and
 * subscribes again. It has one socket, never two. A wrong password ends its attempts; connect() starts again.
 */
export class MqttClient extends Emitter<MqttEvents> {
  readonly clientId: string
  private readonly connection: Connection
  private readonly outbox: Outbox
  private readonly subscriptions: Subscriptions
  private lastId = 0

  constructor(options: MqttOptions) {
    super()
    this.clientId = options.clientId ?? randomClientId()
    this.outbox = new Outbox(() => this.nextId())
    this.subscriptions = new Subscriptions(
      () => this.nextId(),
      (filter) => this.emit('refused', filter),
    )
    this.connection = new Connection(
      {
        adapter: options.socket ?? findSocket(),
        url: options.url,
        connect: {
          clientId: this.clientId,
          keepalive: options.keepalive ?? 25,
          user: options.user,
          password: options.password,
          will: options.will,
        },
        patience: options.patience ?? 5000,
        maxPacket: options.maxPacket ?? 1 << 20,
      },
      options.autoLife ?? true,
      {
        state: (s) => this.emit('state', s),
        up: (link) => {
          this.subscriptions.up(link)
          this.outbox.up(link)
        },
        packet: (p) => this.take(p),
        down: () => {
          this.subscriptions.down()
          this.outbox.down()
        },
      },
    )
  }

  get state(): ConnectionState {
    return this.connection.state
  }

  connect(): void {
    this.connection.connect()
  }

  /** Ends the connection. What still waits fails with the code closed. connect() starts again. */
  close(): void {
    this.connection.close()
    this.outbox.close()
    this.subscriptions.close()
  }

  hide(): void {
    this.connection.hide()
  }

  show(): void {
    this.connection.show()
  }

  networkChanged(connected?: boolean): void {
    this.connection.networkChanged(connected)
  }

  /**
   * Subscribes, now or as soon as there is a connection, and again after each reconnect. The answer lists what the
   * broker granted and refused, in the order of filters.
   */
  subscribe(filters: string | string[], qos: QoS = 1): Promise<Granted[]> {
    const list = typeof filters === 'string' ? [filters] : filters
    const bad = list.find((f) => !validFilter(f))
    if (bad !== undefined) return Promise.reject(new MqttError('bad_topic', `${JSON.stringify(bad)} is not a valid topic filter`))
    return list.length === 0 ? Promise.resolve([]) : this.subscriptions.add(this.connection.ready, list, qos)
  }

  /** What the broker has answered to a filter; null if it is not subscribed, or not answered yet. */
  answer(filter: string): Granted | null {
    return this.subscriptions.answer(filter)
  }

  unsubscribe(filters: string | string[]): Promise<void> {
    const list = typeof filters === 'string' ? [filters] : filters
    return list.length === 0 ? Promise.resolve() : this.subscriptions.remove(this.connection.ready, list)
  }

  /** Publishes, at QoS 1 unless options say otherwise. Ends when the broker has acknowledged; fails with an MqttError. */
  publish(topic: string, payload: string | Uint8Array | ArrayBuffer, options: PublishOptions = {}): Promise<void> {
    return this.outbox.publish(this.connection.ready, topic, payload, options)
  }

  private take(p: Exclude<Incoming, { type: 'connack' | 'pingresp' }>): void {
    const link = this.connection.ready
    if (!link) return
    switch (p.type) {
      case 'publish': {
        const { topic, payload, qos, retain, dup } = p
        this.emit('message', { topic, payload, qos, retain, dup, text: () => decodeUTF8(payload) })
        if (qos === 1) link.send(encodePuback(p.id))
        break
      }
      case 'puback':
        this.outbox.acknowledged(link, p.id)
        break
      case 'suback':
        this.subscriptions.subscribed(p.id, p.granted)
        break
      case 'unsuback':
        this.subscriptions.unsubscribed(p.id)
    }
  }

  /** A packet identifier that nothing in flight uses. */
  private nextId(): number {
    do {
      this.lastId = (this.lastId % 65535) + 1
    } while (this.outbox.uses(this.lastId) || this.subscriptions.uses(this.lastId))
    return this.lastId
  }
}

/** Within the 23 letters and digits that every broker takes (MQTT 3.1.1, 3.1.3.1), but for a hyphen. */
function randomClientId(): string {
  return `mr-${randomText()}`
}
