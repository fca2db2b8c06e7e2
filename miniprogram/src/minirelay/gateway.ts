// A gateway as a screen sees it: devices with live values, commands with one end each, and a state in words.

import { addressURL, validId } from './address'
import { MqttClient, type Message } from './client'
import { GatewayClock, monotonic } from './clock'
import { Commands, type CommandOptions } from './commands'
import { Emitter } from './emitter'
import { parseInfo, parseObject, type GatewayInfo } from './model'
import { RequestError, Requests } from './requests'
import type { CommandResult } from './results'
import { Roster } from './roster'
import type { SocketAdapter } from './socket'
import type { GatewayEvents, GatewayReason, GatewayState, Role } from './state'
import { Touch } from './touch'
import type { DeviceView, ValueReason } from './views'

export interface GatewayOptions {
  /** ws://… or wss://…, with its path; instead of host, port, tls and path. */
  url?: string
  host?: string
  /** 8443 if left out. */
  port?: number
  /** true if left out. false: ws, for a LAN. */
  tls?: boolean
  /** /mqtt if left out. */
  path?: string
  user: string
  password: string
  /** The gateway's id. If left out, the first one that answers at the address. */
  gateway?: string
  /** What its topics begin with, "minirelay" if left out. */
  root?: string
  /** Random if left out. */
  clientId?: string
  /** Found by itself for WeChat, Alipay, Douyin and browsers. */
  socket?: SocketAdapter
  /** false: hide(), show() and networkChanged() are called by you and not by the platform. */
  autoLife?: boolean
}

const roles: readonly Role[] = ['viewer', 'operator', 'admin']
const validRoot = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/

/** How long the gateway may take to answer a question, in ms. */
const answerTime = 5000
/** How long a command waits for the gateway's time, in ms. */
const clockTime = 3000

export class Gateway extends Emitter<GatewayEvents> {
  state: GatewayState = { status: 'offline', since: Date.now(), reason: 'closed', detail: '', retryAt: null, final: true }
  /** The gateway's id, once it is known. */
  id: string | null
  info: GatewayInfo | null = null
  /** What the user may do; null if the gateway has not told. */
  role: Role | null = null
  private readonly root: string
  private readonly client: MqttClient
  private readonly clock = new GatewayClock()
  private readonly roster: Roster
  private readonly requests: Requests
  private readonly commands: Commands
  private readonly touch = new Touch((id) => {
    const view = this.roster.view(id)
    if (view) this.emit('change', view)
  })
  private readonly list = new Touch(() => this.emit('devices', this.devices()))
  private readonly found = new Map<string, GatewayInfo>()
  /** 'searching': nothing heard yet. 'silent': for too long. 'ready': everything retained is here. */
  private phase: 'searching' | 'silent' | 'ready' = 'searching'
  private status: 'online' | 'offline' | null = null
  private round = 0 // counts connections, so that an answer to an old one does not count
  private syncing: Promise<boolean> | null = null

  constructor(options: GatewayOptions) {
    super()
    const { user, password, clientId, socket, autoLife } = options
    this.id = options.gateway || null
    this.root = options.root ?? 'minirelay'
    const valid = validRoot.test(this.root) && (this.id === null || validId.test(this.id))
    const url = valid ? options.url ?? addressURL(options) : '' // which is a bad address
    this.client = new MqttClient({ url, user, password, clientId, socket, autoLife })
    this.requests = new Requests((payload) => this.client.publish(this.topic('request', this.client.clientId), payload))
    this.commands = new Commands({
      online: () => this.state.status === 'online',
      allowed: () => this.role !== 'viewer',
      clock: () => this.clockKnownSoon(),
      send: (device, payload) => this.client.publish(this.topic(device, 'command'), payload, { qos: 1 }),
      changed: (device) => this.touch.one(device),
      ended: (result) => this.emit('result', result),
    }, this.clock)
    this.roster = new Roster({
      blind: () => this.blind(),
      now: () => (this.clock.known ? this.clock.now() : null),
      waiting: (device, command) => this.commands.waiting(device, command),
      result: (device, command) => this.commands.lastResult(device, command),
      pending: (device) => this.commands.pending(device),
      mayCommand: () => this.role !== 'viewer',
    })
    this.client.on('state', (s) => (s.status === 'online' ? this.connected() : this.disconnected()))
    this.client.on('refused', () => setTimeout(() => this.derive(), 0))
    this.client.on('message', (m) => this.take(m))
  }

  connect(): void {
    this.client.connect()
  }

  /** Ends the connection. connect() begins anew. */
  close(): void {
    this.client.close()
    this.touch.stop()
    this.list.stop()
  }

  hide(): void {
    this.client.hide()
  }

  show(): void {
    this.client.show()
  }

  networkChanged(connected?: boolean): void {
    this.client.networkChanged(connected)
  }

  /** All devices as they are now, in the gateway's order. */
  devices(): DeviceView[] {
    return this.roster.ids().map((id) => this.roster.view(id) as DeviceView)
  }

  device(id: string): DeviceView | null {
    return this.roster.view(id)
  }

  /** Every gateway that was found at the address, if none was named. */
  gateways(): GatewayInfo[] {
    return [...this.found.values()]
  }

  /** The gateway's clock, Unix ms; this device's as long as it is not known. */
  now(): number {
    return this.clock.now()
  }

  get clockKnown(): boolean {
    return this.clock.known
  }

  /**
   * Gives a command and tells its one end; it never fails. It is sent once, or not at all: without a connection it is
   * rejected at once, and nothing is kept for later. If the connection breaks before the result comes, or none comes
   * in time, the end is unknown.
   */
  command(device: string, command: string, value?: unknown, options: CommandOptions = {}): Promise<CommandResult> {
    return this.commands.give(device, command, value, options)
  }

  /** Asks the gateway. Fails with a RequestError. */
  request<T = unknown>(method: string, params?: unknown): Promise<T> {
    if (this.client.state.status !== 'online' || this.id === null) {
      return Promise.reject(new RequestError('offline', 'there is no connection'))
    }
    return this.requests.ask(method, params, answerTime) as Promise<T>
  }

  private topic(...levels: string[]): string {
    return [this.root, this.id ?? '', ...levels].join('/')
  }

  private filters(): string[] {
    // Availability before state, so that a value is never shown before it is known whether its device is there.
    return [this.topic('status'), this.topic('info'), this.topic('+', 'model'), this.topic('+', 'availability'),
      this.topic('+', 'state'), this.topic('+', 'result'), this.topic('+', 'event'),
      this.topic('reply', this.client.clientId)]
  }

  private connected(): void {
    const round = ++this.round
    this.phase = 'searching'
    this.status = null
    if (this.id === null) {
      void this.client.subscribe(`${this.root}/+/info`)
      setTimeout(() => {
        if (round !== this.round || this.id !== null) return
        this.phase = 'silent'
        this.derive()
      }, answerTime)
    } else if (this.client.answer(this.topic('status')) === null) {
      void this.client.subscribe(this.filters())
      this.greet()
    } else {
      this.greet() // the client has subscribed again
    }
    this.derive()
  }

  private choose(id: string): void {
    this.id = id
    void this.client.subscribe(this.filters())
    this.greet()
  }

  /** Asks for the time. The answer follows everything that the subscriptions bring, so it tells that all is here. */
  private greet(): void {
    const round = this.round
    void this.request<{ role?: unknown }>('me').catch(() => null).then((me) => {
      if (round === this.round) this.role = roles.find((r) => r === me?.role) ?? null // null: another broker's user
    })
    this.askOrder()
    void this.sync().then((answered) => {
      if (round !== this.round) return
      if (!answered) {
        this.phase = this.status === 'online' ? 'ready' : 'silent'
        return this.derive()
      }
      this.phase = 'ready'
      this.roster.settle()
      this.derive()
      this.emit('devices', this.devices())
      this.emit('ready')
    })
  }

  /** Asks in which order the devices are to be shown. */
  private askOrder(): void {
    const round = this.round
    this.request<{ devices?: unknown }>('devices').then((r) => {
      if (round !== this.round || !Array.isArray(r?.devices)) return
      const before = this.roster.ids().join()
      this.roster.arrange(r.devices)
      if (this.roster.ids().join() !== before) this.list.one('')
    }, () => undefined) // an older gateway: by id
  }

  private disconnected(): void {
    this.round++
    this.status = null
    this.phase = 'searching'
    this.syncing = null
    this.clock.forget()
    this.roster.forget()
    this.derive() // first, so that nobody sends a command again because its end is unknown
    this.requests.down()
    this.commands.down()
  }

  private sync(): Promise<boolean> {
    const asked = monotonic()
    const round = this.round
    const answer = this.request<{ now?: unknown }>('time').then((r) => {
      if (typeof r?.now !== 'number' || round !== this.round) return false
      this.clock.set(r.now, asked)
      return true
    }, () => false)
    this.syncing = answer
    void answer.then(() => { if (this.syncing === answer) this.syncing = null })
    return answer
  }

  private clockKnownSoon(): Promise<boolean> {
    if (this.clock.known) {
      if (this.clock.old) void this.sync()
      return Promise.resolve(true)
    }
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(this.clock.known), clockTime))
    return Promise.race([this.syncing ?? this.sync(), late])
  }

  private take(m: Message): void {
    if (!m.topic.startsWith(`${this.root}/`)) return
    const [id, first, second, more] = m.topic.slice(this.root.length + 1).split('/')
    if (more !== undefined) return
    if (second === undefined) {
      if (first === 'info') this.takeInfo(id, m.text())
      else if (first === 'status' && id === this.id) this.takeStatus(m.text())
      return
    }
    if (id !== this.id) return
    if (first === 'reply') {
      if (second === this.client.clientId) this.requests.reply(m.text())
      return
    }
    this.takeDevice(first, second, m.text())
  }

  private takeDevice(device: string, leaf: string, text: string): void {
    switch (leaf) {
      case 'model':
        if (!this.roster.model(device, text)) break
        this.list.one('')
        if (this.phase === 'ready') this.askOrder()
        break
      case 'state':
        this.roster.state(device, text)
        break
      case 'availability':
        this.roster.availability(device, text)
        break
      case 'result':
        return this.commands.result(device, text)
      case 'event': {
        const data = parseObject(text)
        if (data) this.emit('event', { device, ts: typeof data.ts === 'number' ? data.ts : null, data })
        return
      }
      default:
        return
    }
    this.touch.one(device)
  }

  private takeInfo(id: string, text: string): void {
    const info = parseInfo(text)
    if (!info) return
    if (!this.found.has(id)) {
      this.found.set(id, info)
      this.emit('gateways', this.gateways())
    }
    if (this.id === null) this.choose(id)
    if (id !== this.id) return
    this.info = info
    this.emit('info', info)
  }

  private takeStatus(text: string): void {
    const before = this.status
    this.status = text === 'offline' ? 'offline' : text === 'online' ? 'online' : null
    if (this.status === 'offline') this.roster.forget()
    if (this.status === 'online' && (before === 'offline' || this.phase === 'silent')) {
      void this.client.subscribe(this.filters()) // what the broker keeps of it now
      this.phase = 'searching'
      this.greet()
    }
    this.derive()
  }

  private blind(): ValueReason | null {
    if (this.state.status === 'offline' && this.state.reason === 'gateway_offline') return 'gateway_offline'
    return this.client.state.status === 'online' ? null : 'disconnected'
  }

  /** Works out the state from everything that is known, and tells if it is another one. */
  private derive(): void {
    const next = this.next()
    const was = this.state
    if (JSON.stringify(next) === JSON.stringify(was)) return
    this.state = next
    this.emit('state', next)
    this.touch.all(this.roster.ids())
  }

  private next(): GatewayState {
    const c = this.client.state
    if (c.status !== 'online') return c
    const first = this.id === null ? `${this.root}/+/info` : this.topic('+', 'model')
    if (this.client.answer(first)?.refused) return this.down('not_subscribed')
    if (this.status === 'offline') return this.down('gateway_offline')
    if (this.phase === 'silent') return this.down('no_gateway')
    if (this.phase === 'ready') return { status: 'online', since: this.state.status === 'online' ? this.state.since : Date.now() }
    return { status: 'connecting', since: this.since(), attempt: 1, last: null }
  }

  private down(reason: GatewayReason): GatewayState {
    return { status: 'offline', since: this.since(), reason, detail: '', retryAt: null, final: false }
  }

  private since(): number {
    return this.state.status === 'online' ? Date.now() : this.state.since
  }
}
