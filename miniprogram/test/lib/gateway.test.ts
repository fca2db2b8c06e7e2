// The gateway's own words against the real gateway, with boards that do what boards do.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Gateway, wxSocket, type CommandResult, type DeviceView, type GatewayOptions, type GatewayState } from '@/minirelay'
import { Board, mapping } from './real/board'
import { RealGateway } from './real/gateway'
import { until } from './real/program'
import { Proxy } from './real/proxy'
import { FakeWx } from './real/wx'

let board: Board
let gateway: RealGateway
let proxy: Proxy
beforeAll(async () => {
  board = await Board.start()
  gateway = await RealGateway.start(mapping('greenhouse', board.path))
  proxy = await Proxy.start(gateway.port)
})
afterAll(async () => {
  board.stop()
  proxy.stop()
  await gateway.stop()
})
beforeEach(() => {
  board.fault = 'none'
  board.replug()
})

const opened: Gateway[] = []
afterEach(() => opened.splice(0).forEach((g) => g.close()))

function open(o: Partial<GatewayOptions> = {}, wx = new FakeWx()): Gateway {
  const g = new Gateway({ url: proxy.url, user: 'phone', password: 'right', socket: wxSocket(wx), ...o })
  opened.push(g)
  g.connect()
  return g
}

/** A gateway that shows the truth, with the device and its values. */
async function ready(o: Partial<GatewayOptions> = {}, wx?: FakeWx): Promise<Gateway> {
  const g = open(o, wx)
  await until(() => g.state.status === 'online' && value(g, 'pump') !== null)
  return g
}

const device = (g: Gateway, id = 'greenhouse') => g.device(id) as DeviceView
const field = (g: Gateway, id: string) => device(g)?.fields.find((f) => f.id === id)
const value = (g: Gateway, id: string) => field(g, id)?.value ?? null

function results(g: Gateway): CommandResult[] {
  const list: CommandResult[] = []
  g.on('result', (r) => list.push(r))
  return list
}

describe('a gateway', () => {
  it('is found by itself, and shows its devices with live values', async () => {
    const g = await ready()
    expect(g.id).toBe('home')
    expect(g.info).toMatchObject({ gateway: 'home', name: { zh: '我的小屋', en: 'My house' } })
    expect(g.gateways()).toHaveLength(1)
    expect(g.devices()).toHaveLength(1)
    expect(device(g)).toMatchObject({ id: 'greenhouse', name: { zh: '温室', en: 'Greenhouse' }, online: true, offlineWhy: null })
    expect(field(g, 'temperature')).toMatchObject({ value: 21.5, reason: null, unit: '°C', decimals: 1, min: -20, max: 60 })
    expect(device(g).commands[0]).toMatchObject({ id: 'pump', type: 'bool', field: 'pump', waiting: null, result: null })
    expect(g.clockKnown).toBe(true)
    expect(Math.abs(g.now() - Date.now())).toBeLessThan(60_000)
    const f = field(g, 'temperature')!
    expect(f.age).toBeGreaterThanOrEqual(0)
    expect(device(g).lastSeen).toBe(f.ts)

    const seen: unknown[] = []
    g.on('change', (d) => seen.push(d.fields[0].value))
    board.temperature = 23
    await until(() => seen.includes(23))
    board.temperature = 99 // no greenhouse has that
    await until(() => field(g, 'temperature')?.reason === 'no_reading')
    expect(field(g, 'temperature')).toMatchObject({ value: null, ts: null, age: null, last: { value: 23 } })
    board.temperature = 21.5
    await until(() => value(g, 'temperature') === 21.5)
  })

  it('can be named, by host and port too, and over wss', async () => {
    const [, tls] = /:(\d+)\//.exec(gateway.secureURL)!
    await ready({ url: undefined, host: '127.0.0.1', port: Number(tls), gateway: 'home' }, new FakeWx(gateway.certificate))
  })

  it.each(['farm', 'farm/north/7'])('is found with topics that begin with %s, too', async (root) => {
    const other = await RealGateway.start(mapping('greenhouse', board.path), root)
    try {
      const g = await ready({ url: other.url })
      expect(g).toMatchObject({ id: 'home', root })
      expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'done' })
      await ready({ url: other.url, root, gateway: 'home' })
      await ready({ url: other.url, gateway: 'home' })
    } finally {
      await other.stop()
    }
  })

  it('reports when everything is there', async () => {
    const g = open()
    const states: GatewayState['status'][] = []
    g.on('state', (s) => states.push(s.status))
    await new Promise<void>((resolve) => g.on('ready', resolve))
    expect(states[states.length - 1]).toBe('online')
    expect(states).not.toContain('offline')
    expect(device(g)).not.toBeNull()
  })

  it('answers questions', async () => {
    const g = await ready()
    expect(await g.request('time')).toEqual({ now: expect.any(Number) })
    await expect(g.request('fly')).rejects.toMatchObject({ code: 'unknown_method' })
    g.close()
    await expect(g.request('time')).rejects.toMatchObject({ code: 'offline' })
  })

  it('shows a new device, a changed one and none that is gone', async () => {
    const g = await ready()
    const lists: string[][] = []
    g.on('devices', (d) => lists.push(d.map((x) => x.id)))
    const second = await Board.start()
    try {
      gateway.configure(mapping('greenhouse', board.path) + mapping('barn', second.path).replace('"°C"', '"K"'))
      await until(() => g.device('barn')?.online === true)
      await until(() => lists.at(-1)?.join() === 'greenhouse,barn') // in the order of the config
      expect(g.device('barn')?.fields[0].unit).toBe('K')
      gateway.configure(mapping('greenhouse', board.path))
      await until(() => g.device('barn') === null)
      await until(() => lists.at(-1)?.join() === 'greenhouse')

      // One that goes while the phone is away leaves no message behind.
      gateway.configure(mapping('greenhouse', board.path) + mapping('barn', second.path))
      await until(() => g.device('barn')?.online === true)
      const other = await ready()
      expect(other.devices().map((d) => d.id)).toEqual(['greenhouse', 'barn'])
      g.hide()
      gateway.configure(mapping('greenhouse', board.path))
      await until(() => other.device('barn') === null)
      g.show()
      await new Promise<void>((resolve) => g.on('ready', resolve))
      expect(g.devices().map((d) => d.id)).toEqual(['greenhouse'])
    } finally {
      second.stop()
      gateway.configure(mapping('greenhouse', board.path))
    }
  })

  it('says why there is no value when the device is gone, and that it is back', async () => {
    const g = await ready()
    board.unplug()
    await until(() => device(g).online === false)
    expect(device(g)).toMatchObject({ online: false, offlineWhy: 'device_offline' })
    expect(field(g, 'temperature')).toMatchObject({ value: null, reason: 'device_offline', last: { value: 21.5 } })
    expect(device(g).lastSeen).toBeGreaterThan(0)
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'rejected', code: 'offline', local: false, mine: true })
    board.replug()
    await until(() => device(g).online === true && value(g, 'temperature') === 21.5)
  })
})

describe('a command', () => {
  it('ends done, and the switch shows what the hardware says', async () => {
    const g = await ready()
    const seen = results(g)
    for (const on of [true, false]) {
      const r = await g.command('greenhouse', 'pump', on)
      expect(r).toMatchObject({ status: 'done', device: 'greenhouse', command: 'pump', value: on, by: 'phone', mine: true, local: false })
      expect(r.ms).toBeGreaterThanOrEqual(0)
      await until(() => value(g, 'pump') === on)
      expect(device(g).commands[0]).toMatchObject({ waiting: null, result: { id: r.id, status: 'done' } })
    }
    expect(seen.map((r) => r.status)).toEqual(['done', 'done'])
  })

  it('waits where everybody can see it', async () => {
    const g = await ready()
    board.fault = 'silent'
    const end = g.command('greenhouse', 'pump', true)
    expect(device(g).commands[0].waiting).toMatchObject({ value: true })
    expect(device(g).pending).toBe(1)
    expect(value(g, 'pump')).toBe(board.pump) // not what was tapped
    expect(await end).toMatchObject({ status: 'unknown', code: 'no_answer', local: false })
    expect(device(g)).toMatchObject({ pending: 0, commands: [{ waiting: null, result: { status: 'unknown' } }] })
  })

  it('is refused by the board in its own words', async () => {
    const g = await ready()
    board.fault = 'refusing'
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'failed', code: 'refused', message: 'dry well' })
  })

  it('fails when the board acknowledges and does nothing', async () => {
    const g = await ready()
    board.fault = 'stubborn'
    expect(await g.command('greenhouse', 'pump', !board.pump)).toMatchObject({ status: 'failed', code: 'mismatch' })
  })

  it.each([
    ['greenhouse', 'fan', 1, 'unknown_command'],
    ['nothere', 'pump', true, 'unknown_device'],
    ['greenhouse', 'pump', 'perhaps', 'bad_value'],
    ['greenhouse', 'pump', undefined, 'bad_value'],
    ['greenhouse', 'pump', 10n, 'bad_value'],
    ['No/Device', 'pump', true, 'unknown_device'],
  ])('to %s/%s with %o is rejected as %s', async (to, command, v, code) => {
    const g = await ready()
    expect(await g.command(to, command, v)).toMatchObject({ status: 'rejected', code, mine: true })
  })

  it("of another is reported too, and is not one's own", async () => {
    const [g, other] = await Promise.all([ready(), ready()])
    const seen = results(other)
    const r = await g.command('greenhouse', 'pump', true)
    await until(() => seen.length > 0)
    expect(seen[0]).toMatchObject({ id: r.id, mine: false, status: 'done' })
    expect(other.device('greenhouse')?.commands[0].result).toBeNull()
  })

  it('is rejected at once without a connection, and nothing of it is ever sent', async () => {
    const wx = new FakeWx()
    const g = await ready({}, wx)
    const before = board.commands.length
    wx.hide()
    const r = await g.command('greenhouse', 'pump', true)
    expect(r).toMatchObject({ status: 'rejected', code: 'offline', local: true, mine: true })
    wx.show()
    await until(() => g.state.status === 'online')
    expect(await g.command('greenhouse', 'pump', false)).toMatchObject({ status: 'done' }) // the way is clear: nothing came before
    expect(board.commands.slice(before)).toHaveLength(1)
  })

  it('ends unknown when the connection breaks after it was sent, and is not sent again', async () => {
    const g = await ready()
    board.fault = 'silent'
    const before = board.commands.length
    const end = g.command('greenhouse', 'pump', true)
    await until(() => board.commands.length === before + 1)
    proxy.cut()
    expect(await end).toMatchObject({ status: 'unknown', code: 'connection_lost', local: true })
    board.fault = 'none'
    await until(() => g.state.status === 'online')
    expect(await g.command('greenhouse', 'pump', false)).toMatchObject({ status: 'done' })
    expect(board.commands.slice(before)).toHaveLength(2)
  })

  it('ends unknown when no result comes in time; a late one is marked as late', async () => {
    const g = await ready()
    const seen = results(g)
    board.fault = 'silent'
    const r = await g.command('greenhouse', 'pump', true, { timeout: 50 })
    expect(r).toMatchObject({ status: 'unknown', code: 'no_answer', local: true })
    await until(() => seen.length === 2)
    expect(seen[1]).toMatchObject({ id: r.id, late: true, mine: true, local: false, status: 'unknown' })
  })

  it("carries an end of its life by the gateway's clock", async () => {
    const g = await ready()
    expect(await g.command('greenhouse', 'pump', true, { expiresIn: -1000 })).toMatchObject({ status: 'rejected', code: 'expired' })
  })

  it('is bounded in number', async () => {
    const g = await ready()
    board.fault = 'silent'
    const all = await Promise.all(Array.from({ length: 40 }, () => g.command('greenhouse', 'pump', true, { timeout: 200 })))
    expect(all.filter((r) => r.code === 'busy' && r.local)).toHaveLength(8)
  })
})

describe('the screen shows the truth', () => {
  it('as soon as it is shown, although no event reported the dead socket', async () => {
    const wx = new FakeWx()
    const g = await ready({}, wx)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    proxy.silence() // a phone in a pocket
    board.temperature = 30
    wx.show()
    expect(field(g, 'temperature')).toMatchObject({ value: null, reason: 'disconnected', last: { value: 21.5 } })
    await until(() => value(g, 'temperature') === 30)
    board.temperature = 21.5
  })

  it('after a cut: nothing is known until it is said again', async () => {
    const g = await ready()
    const seen: DeviceView[] = []
    g.on('change', (d) => seen.push(d))
    proxy.cut()
    await until(() => seen.some((d) => d.online === null && d.offlineWhy === 'disconnected'))
    await until(() => value(g, 'temperature') === 21.5 && device(g).online === true)
    for (const d of seen) if (d.offlineWhy !== null) expect(d.fields.every((f) => f.value === null)).toBe(true)
  })

  it('after a restart of the gateway', async () => {
    const g = await ready()
    await gateway.halt('SIGKILL')
    await until(() => g.state.status !== 'online')
    expect(value(g, 'temperature')).toBeNull()
    await gateway.run()
    await until(() => g.state.status === 'online' && value(g, 'temperature') === 21.5)
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'done' })
  })
})

describe('a user', () => {
  it('with a wrong password learns that', async () => {
    const g = open({ password: 'wrong' })
    await until(() => g.state.status === 'offline')
    expect(g.state).toMatchObject({ reason: 'wrong_password', final: true })
  })

  it('with read-only access reads, and learns at once that commands are not allowed', async () => {
    const g = await ready({ user: 'display' })
    expect(g.role).toBe('viewer')
    expect(value(g, 'temperature')).toBe(21.5)
    expect(device(g).mayCommand).toBe(false)
    const before = board.commands.length
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'rejected', code: 'forbidden', local: true })
    expect(board.commands).toHaveLength(before)
    const phone = await ready()
    expect(phone.role).toBe('operator')
    expect(device(phone).mayCommand).toBe(true)
  })

  it('that names a gateway that is not there learns that', async () => {
    const g = open({ gateway: 'barn' })
    await until(() => g.state.status === 'offline')
    expect(g.state).toMatchObject({ reason: 'not_subscribed', final: false })
  })

  it('who names what cannot be a gateway gets an answer at once', () => {
    expect(open({ gateway: 'a/b' }).state).toMatchObject({ status: 'offline', reason: 'bad_address', final: true })
  })
})
