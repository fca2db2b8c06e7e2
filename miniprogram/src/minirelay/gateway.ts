// A gateway as a screen sees it: devices with live values, commands with one result each, and a state in words.

import { addressURL, validId } from './address'
import { MqttClient, type Message } from './client'
import { GatewayClock } from './clock'
import { Commands, type CommandOptions } from './commands'
import { Emitter } from './emitter'
import { parseObject, type GatewayInfo } from './model'
import { RequestError, Requests } from './requests'
import type { CommandResult } from './results'
import { Devices } from './devices'
import { foundBy, searches, validRoot } from './search'
import type { SocketAdapter } from './socket'
import type { GatewayEvents, GatewayReason, GatewayState, Role } from './state'
import { Throttle } from './throttle'
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
  /** true: finds the others at the address too, though one is named. */
  neighbours?: boolean
  /** What its topics begin with. If left out it is found: "minirelay", or any of up to three levels. */
  root?: string
  /** Random if left out. */
  clientId?: string
  /** Found by itself for WeChat, Alipay, Douyin and browsers. */
  socket?: SocketAdapter
  /** false: hide(), show() and networkChanged() are called by you and not by the platform. */
  autoLife?: boolean
}

const roles: readonly Role[] = ['viewer', 'operator', 'admin']

/** How long the gateway may take to answer a question, in ms. */
const answerTime = 5000
/** How long the first search may take, in ms, before a wider one begins. */
const searchTime = 1000

export class Gateway extends Emitter<GatewayEvents> {
  state: GatewayState = { status: 'offline', since: Date.now(), reason: 'closed', detail: '', retryAt: null, final: true }
  /** The gateway's id, once it is known. */
  id: string | null
  info: GatewayInfo | null = null
  /** What the user may do; null if that is not known. */
  role: Role | null = null
  /** What its topics begin with, once it is known. */
  root: string | null
  private readonly client: MqttClient
  private readonly clock = new GatewayClock(() => this.request('time'))
  private readonly known: Devices
  private readonly requests: Requests
  private readonly commands: Commands
  private readonly changes = new Throttle((id) => {
    const view = this.known.view(id)
    if (view) this.emit('change', view)
  })
  private readonly list = new Throttle(() => this.emit('devices', this.devices()))
  private readonly found = new Map<string, GatewayInfo>()
  /** 'searching': nothing heard yet. 'silent': for too long. 'ready': everything retained is here. */
  private phase: 'searching' | 'silent' | 'ready' = 'searching'
  private status: 'online' | 'offline' | null = null
  private round = 0 // counts connections, so that an answer to an old one does not count
  private looking: string[] = [] // filters of the search
  private readonly neighbours: boolean

  constructor(options: GatewayOptions) {
    super()
    const { user, password, clientId, socket, autoLife } = options
    this.id = options.gateway || null
    this.root = options.root || null
    this.neighbours = options.neighbours ?? false
    const valid = (this.root === null || validRoot.test(this.root)) && (this.id === null || validId.test(this.id))
    const url = valid ? (options.url ?? addressURL(options)) : '' // which is a bad address
    this.client = new MqttClient({ url, user, password, clientId, socket, autoLife })
    this.requests = new Requests((payload) => this.client.publish(this.topic('request', this.client.clientId), payload))
    this.commands = new Commands(
      {
        online: () => this.state.status === 'online',
        allowed: () => this.role !== 'viewer',
        clock: () => this.clock.soon(),
        send: (device, payload) => this.client.publish(this.topic(device, 'command'), payload, { qos: 1 }),
        changed: (device) => this.changes.one(device),
        ended: (result) => this.emit('result', result),
      },
      this.clock,
    )
    this.known = new Devices({
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

  /** Ends the connection. connect() starts it again. */
  close(): void {
    this.client.close()
    this.changes.stop()
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
    return this.known.ids().map((id) => this.known.view(id) as DeviceView)
  }

  device(id: string): DeviceView | null {
    return this.known.view(id)
  }

  /** Every gateway that was found at the address, if none was named or neighbours are looked for. */
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
   * Gives a command and resolves to its one result; it never fails. It is sent once, or not at all: without a connection it is
   * rejected at once, and nothing is kept for later. If the connection breaks before the result comes, or none comes
   * in time, the result is unknown.
   */
  command(device: string, command: string, value?: unknown, options: CommandOptions = {}): Promise<CommandResult> {
    return this.commands.give(device, command, value, options)
  }

  /** Asks the gateway. Fails with a RequestError. */
  request<T = unknown>(method: string, params?: unknown): Promise<T> {
    if (this.client.state.status !== 'online' || !this.named) {
      return Promise.reject(new RequestError('offline', 'there is no connection'))
    }
    return this.requests.ask(method, params, answerTime) as Promise<T>
  }

  private get named(): boolean {
    return this.root !== null && this.id !== null
  }

  private topic(...levels: string[]): string {
    return [this.root, this.id, ...levels].join('/')
  }

  private filters(): string[] {
    // Availability before state, so that a value is never shown before it is known whether its device is there.
    return [
      this.topic('status'),
      this.topic('info'),
      this.topic('+', 'model'),
      this.topic('+', 'availability'),
      this.topic('+', 'state'),
      this.topic('+', 'result'),
      this.topic('+', 'event'),
      this.topic('reply', this.client.clientId),
    ]
  }

  private connected(): void {
    const round = ++this.round
    this.found.clear()
    this.phase = 'searching'
    this.status = null
    if (!this.named) {
      void this.search(round)
    } else if (this.client.answer(this.topic('status')) === null) {
      void this.client.subscribe(this.filters())
      this.greet()
    } else {
      this.greet() // the client has subscribed again
    }
    this.derive()
  }

  /** Looks for the gateway until it is found. The filters stay: it may come later. */
  private async search(round: number): Promise<void> {
    this.looking = []
    const steps = searches(this.root, this.neighbours ? null : this.id)
    for (const [i, filters] of steps.entries()) {
      this.looking.push(...filters)
      await this.client.subscribe(filters).catch(() => undefined)
      const wait = i < steps.length - 1 ? searchTime : answerTime
      if (!this.refused(this.looking)) await new Promise((resolve) => setTimeout(resolve, wait))
      if (round !== this.round || this.named) return
    }
    this.phase = 'silent'
    this.derive()
  }

  private refused(filters: string[]): boolean {
    return filters.length > 0 && filters.every((f) => this.client.answer(f)?.refused)
  }

  private choose(root: string, id: string): void {
    const wide = this.looking.filter((f) => f.startsWith('+'))
    this.root = root
    this.id = id
    if (wide.length > 0) void this.client.unsubscribe(wide)
    void this.client.subscribe(this.filters())
    this.greet()
  }

  /** Asks for the time. The answer follows everything that the subscriptions bring, so it shows that everything is here. */
  private greet(): void {
    const round = this.round
    void this.request<{ role?: unknown }>('me')
      .catch(() => null)
      .then((me) => {
        if (round === this.round) this.role = roles.find((r) => r === me?.role) ?? null // null: another broker's user
      })
    this.askOrder()
    void this.clock.sync().then((answered) => {
      if (round !== this.round) return
      // Behind another broker the gateway may take no requests and still publish its values.
      this.phase = answered || this.status === 'online' ? 'ready' : 'silent'
      if (this.phase === 'silent') return this.derive()
      this.known.settle()
      this.derive()
      this.emit('devices', this.devices())
      this.emit('ready')
    })
  }

  /** Asks in which order the devices are to be shown. */
  private askOrder(): void {
    const round = this.round
    this.request<{ devices?: unknown }>('devices').then(
      (r) => {
        if (round !== this.round || !Array.isArray(r?.devices)) return
        const before = this.known.ids().join()
        this.known.arrange(r.devices)
        if (this.known.ids().join() !== before) this.list.one('')
      },
      () => undefined,
    ) // an older gateway: by id
  }

  private disconnected(): void {
    this.round++
    this.status = null
    this.phase = 'searching'
    this.clock.forget()
    this.known.forget()
    this.derive() // first, so that no handler sends a command again because its result is unknown
    this.requests.down()
    this.commands.down()
  }

  private take(m: Message): void {
    if (m.topic.endsWith('/info') && this.takeInfo(m)) return
    if (!this.named || !m.topic.startsWith(`${this.root}/`)) return
    const [id, first, second, more] = m.topic.slice((this.root as string).length + 1).split('/')
    if (id !== this.id || more !== undefined) return
    if (first === 'status' && second === undefined) return this.takeStatus(m.text())
    if (first === 'reply') {
      if (second === this.client.clientId) this.requests.reply(m.text())
      return
    }
    if (second !== undefined) this.takeDevice(first, second, m.text())
  }

  private takeDevice(device: string, leaf: string, text: string): void {
    switch (leaf) {
      case 'model':
        if (!this.known.model(device, text)) break
        this.list.one('')
        if (this.phase === 'ready') this.askOrder()
        break
      case 'state':
        this.known.state(device, text)
        break
      case 'availability':
        this.known.availability(device, text)
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
    this.changes.one(device)
  }

  /** Takes a gateway's info. false: the message is something else. */
  private takeInfo(m: Message): boolean {
    const seen = foundBy(m.topic, m.text())
    if (!seen) return false
    const { root, id, info } = seen
    const before = this.found.get(m.topic)
    this.found.set(m.topic, info)
    if (!before || JSON.stringify(before.name) !== JSON.stringify(info.name)) this.emit('gateways', this.gateways())
    if (!this.named && (this.root ?? root) === root && (this.id ?? id) === id) this.choose(root, id)
    if (root === this.root && id === this.id) {
      this.info = info
      this.emit('info', info)
    }
    return true
  }

  private takeStatus(text: string): void {
    const before = this.status
    this.status = text === 'offline' ? 'offline' : text === 'online' ? 'online' : null
    if (this.status === 'offline') this.known.forget()
    if (this.status === 'online' && (before === 'offline' || this.phase === 'silent')) {
      void this.client.subscribe(this.filters()) // what the broker keeps of it now
      this.phase = 'searching'
      this.greet()
    }
    this.derive()
    if (this.status === 'offline' && before !== 'offline') this.commands.down()
  }

  private blind(): ValueReason | null {
    if (this.state.status === 'offline' && this.state.reason === 'gateway_offline') return 'gateway_offline'
    return this.client.state.status === 'online' ? null : 'disconnected'
  }

  /** Works out the state from everything that is known, and reports it if it has changed. */
  private derive(): void {
    const next = this.next()
    const was = this.state
    if (JSON.stringify(next) === JSON.stringify(was)) return
    this.state = next
    this.emit('state', next)
    this.changes.all(this.known.ids())
  }

  private next(): GatewayState {
    const c = this.client.state
    if (c.status !== 'online') return c
    if (this.refused(this.named ? [this.topic('+', 'model')] : this.phase === 'silent' ? this.looking : []))
      return this.down('not_subscribed')
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
