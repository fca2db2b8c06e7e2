// The one connection of the screens: the gateway in use, what it shows, and what has happened.

import { shallowReactive } from 'vue'
import { Gateway, parseAddress, textOf, type DeviceView, type GatewayInfo, type GatewayState } from '@/minirelay'
import { lang } from '@/i18n'
import { named, type Kept } from './gateways'
import { History } from './history'
import { Log } from './log'

/** What the screens know of the gateway. */
interface Shown {
  state: GatewayState
  info: GatewayInfo | null
  found: GatewayInfo[]
  order: string[]
  role: Gateway['role']
  listed: boolean
}

const nothing = (): Shown => ({
  state: { status: 'offline', since: Date.now(), reason: 'closed', detail: '', retryAt: null, final: true },
  info: null,
  found: [],
  order: [],
  role: null,
  listed: false,
})

// Screens are drawn at most ten times a second, however fast the boards talk.
const drawEvery = 100

/** Whatever renders one of its properties is rendered again when that property changes. */
export class Session {
  /** The numbers of this session, for charts. */
  readonly history = new History()
  readonly log = new Log()
  private readonly shown = shallowReactive(nothing())
  private readonly views = shallowReactive(new Map<string, DeviceView>())
  private readonly time = shallowReactive({ now: Date.now() })
  private gateway: Gateway | null = null
  /** The MQTT client id that this phone has kept; '' if the connection has a new one. */
  clientId = ''
  private offs: (() => void)[] = []
  private dirty = new Set<string>()
  private flushing: ReturnType<typeof setTimeout> | null = null

  get state(): GatewayState {
    return this.shown.state
  }

  get info(): GatewayInfo | null {
    return this.shown.info
  }

  /** All gateways at the address: at a hub there are several. */
  get found(): GatewayInfo[] {
    return this.shown.found
  }

  /** The ids of the devices, in the gateway's order. */
  get order(): string[] {
    return this.shown.order
  }

  /** What the user may do; null until the gateway has said it. */
  get role(): Gateway['role'] {
    return this.shown.role
  }

  /** Whether the list is complete: everything retained has come since the first connection. */
  get listed(): boolean {
    return this.shown.listed
  }

  /** Own clock, Unix ms, as of the last tick: everything that shows an age reads it. */
  get clock(): number {
    return this.time.now
  }

  tick(): void {
    this.time.now = Date.now()
  }

  /** One device as it is now. */
  device(id: string): DeviceView | null {
    return this.views.get(id) ?? null
  }

  /** Unix ms by the gateway's clock. */
  gatewayNow(): number {
    return this.gateway?.now() ?? Date.now()
  }

  /** Connects to k instead of what was connected before; as clientId, or else under a new id. */
  open(k: Kept, clientId?: string): void {
    this.close()
    this.clientId = clientId ?? ''
    const address = parseAddress(k.address)
    const url = 'error' in address ? k.address : address.url // the library reports a bad one
    const g = new Gateway({ url, user: k.user, password: k.password, gateway: k.gateway, neighbours: true, clientId })
    this.gateway = g
    this.offs = this.listen(g)
    g.connect()
  }

  /** Ends the connection and forgets what it showed. */
  close(): void {
    this.offs.forEach((off) => off())
    this.offs = []
    this.gateway?.close()
    this.gateway = null
    if (this.flushing) clearTimeout(this.flushing)
    this.flushing = null
    this.dirty = new Set()
    this.views.clear()
    this.history.clear()
    this.log.clear()
    Object.assign(this.shown, nothing())
  }

  /** Tries to connect at once, also after a wrong password. */
  retry(): void {
    this.gateway?.connect()
  }

  /** Gives a device a command. Its result appears in the device's view; there is no need to wait. */
  command(device: string, id: string, value?: unknown): void {
    if (!this.gateway) return
    void this.gateway.command(device, id, value).then(() => this.changed(device))
    this.changed(device)
  }

  private listen(g: Gateway): (() => void)[] {
    return [
      g.on('state', (s) => {
        this.shown.state = s
        this.refresh()
      }),
      g.on('info', (i) => {
        this.shown.info = i
        named(textOf(i.name, lang.value, i.gateway))
      }),
      g.on('gateways', (all) => {
        this.shown.found = all
      }),
      g.on('devices', () => this.refresh()),
      g.on('change', (d) => {
        this.history.add(d)
        this.changed(d.id)
      }),
      g.on('ready', () => {
        this.shown.listed = true
        this.refresh()
      }),
      g.on('result', (result) => {
        this.log.add({ kind: 'result', result })
        this.changed(result.device)
      }),
      g.on('event', (event) => this.log.add({ kind: 'event', event })),
    ]
  }

  private changed(device: string): void {
    this.dirty.add(device)
    this.flushing ??= setTimeout(() => this.flush(), drawEvery)
  }

  private flush(): void {
    this.flushing = null
    for (const id of this.dirty) {
      const d = this.gateway?.device(id)
      if (d) this.views.set(id, d)
    }
    this.dirty.clear()
  }

  private refresh(): void {
    const all = this.gateway?.devices() ?? []
    this.shown.role = this.gateway?.role ?? null
    for (const d of all) this.views.set(d.id, d)
    const ids = all.map((d) => d.id)
    for (const id of [...this.views.keys()]) if (!ids.includes(id)) this.views.delete(id)
    if (ids.join() !== this.shown.order.join()) this.shown.order = ids
  }
}

export const session = new Session()
