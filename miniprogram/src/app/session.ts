// The one connection of the screens: the gateway in use, what it shows, and what has happened.

import { shallowReactive, shallowRef } from 'vue'
import { Gateway, parseAddress, textOf, type DeviceView, type GatewayInfo, type GatewayState } from '@/minirelay'
import { lang } from '@/i18n'
import { named, type Kept } from './gateways'
import { History } from './history'
import { note, forget } from './log'

const idle: GatewayState = { status: 'offline', since: Date.now(), reason: 'closed', detail: '', retryAt: null, final: true }

export const state = shallowRef<GatewayState>(idle)
export const info = shallowRef<GatewayInfo | null>(null)
/** All gateways at the address: at a hub there are several. */
export const found = shallowRef<GatewayInfo[]>([])
/** The ids of the devices, in the gateway's order. */
export const order = shallowRef<string[]>([])
/** What the user may do, null while nobody has said it. */
export const role = shallowRef<Gateway['role']>(null)
/** Whether the list can be believed: everything retained has come since the first connection. */
export const listed = shallowRef(false)
/** Own clock, Unix ms, as of the last second: what shows ages reads it. */
export const clock = shallowRef(Date.now())

const views = shallowReactive(new Map<string, DeviceView>())
export const history = new History()

/** One device as it is now. Whoever renders it is rendered again when it changes. */
export const deviceOf = (id: string): DeviceView | null => views.get(id) ?? null

let gateway: Gateway | null = null
let offs: (() => void)[] = []
let dirty = new Set<string>()
let flushing: ReturnType<typeof setTimeout> | null = null

// Screens are drawn at most ten times a second, however fast the boards talk.
const drawEvery = 100

/** Connects to k instead of what was connected before. */
export function open(k: Kept): void {
  shut()
  const address = parseAddress(k.address)
  const url = 'error' in address ? k.address : address.url // a bad one is the library's to complain about
  const g = new Gateway({ url, user: k.user, password: k.password, gateway: k.gateway, neighbours: true })
  gateway = g
  offs = [
    g.on('state', (s) => {
      state.value = s
      refresh()
    }),
    g.on('info', (i) => {
      info.value = i
      named(textOf(i.name, lang.value, i.gateway))
    }),
    g.on('gateways', (all) => {
      found.value = all
    }),
    g.on('devices', refresh),
    g.on('change', (d) => {
      history.add(d)
      dirty.add(d.id)
      soon()
    }),
    g.on('ready', () => {
      listed.value = true
      refresh()
    }),
    g.on('result', (r) => {
      note({ kind: 'result', at: Date.now(), result: r })
      dirty.add(r.device)
      soon()
    }),
    g.on('event', (e) => note({ kind: 'event', at: Date.now(), event: e })),
  ]
  g.connect()
}

/** Ends the connection and forgets what it showed. */
export function shut(): void {
  offs.forEach((off) => off())
  offs = []
  gateway?.close()
  gateway = null
  if (flushing) clearTimeout(flushing)
  flushing = null
  dirty = new Set()
  views.clear()
  history.clear()
  forget()
  order.value = []
  info.value = null
  found.value = []
  listed.value = false
  role.value = null
  state.value = idle
}

/** Tries to connect at once, also after a wrong password. */
export const retry = (): void => gateway?.connect()

/** Unix ms by the gateway's clock. */
export const gatewayNow = (): number => gateway?.now() ?? Date.now()

/** Asks a device for something. What becomes of it stands in the device's view; nobody needs to wait. */
export function command(device: string, id: string, value?: unknown): void {
  if (!gateway) return
  void gateway.command(device, id, value).then(() => {
    dirty.add(device)
    soon()
  })
  dirty.add(device)
  soon()
}

function soon(): void {
  flushing ??= setTimeout(flush, drawEvery)
}

function flush(): void {
  flushing = null
  for (const id of dirty) {
    const d = gateway?.device(id)
    if (d) views.set(id, d)
  }
  dirty.clear()
}

function refresh(): void {
  const all = gateway?.devices() ?? []
  role.value = gateway?.role ?? null
  for (const d of all) views.set(d.id, d)
  const ids = all.map((d) => d.id)
  for (const id of [...views.keys()]) if (!ids.includes(id)) views.delete(id)
  if (ids.join() !== order.value.join()) order.value = ids
}

setInterval(() => {
  clock.value = Date.now()
}, 1000)
