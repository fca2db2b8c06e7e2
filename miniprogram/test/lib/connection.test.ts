// The life of a connection on a phone: cuts, silence, background, foreground, other networks.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { MqttClient, wxSocket, type ConnectionState, type MqttOptions, type SocketAdapter, type SocketEvents } from '@/minirelay'
import { Mosquitto } from './real/mosquitto'
import { until } from './real/program'
import { Proxy } from './real/proxy'
import { FakeWx } from './real/wx'

let mosquitto: Mosquitto
let proxy: Proxy
beforeAll(async () => {
  mosquitto = await Mosquitto.start()
  proxy = await Proxy.start(mosquitto.port)
})
afterAll(async () => {
  proxy.stop()
  await mosquitto.stop()
})

const clients: MqttClient[] = []
afterEach(() => {
  clients.splice(0).forEach((c) => c.close())
  proxy.refuse(false)
  vi.useRealTimers()
})

function client(wx: FakeWx, o: Partial<MqttOptions> = {}): MqttClient {
  const c = new MqttClient({ url: proxy.url, user: 'phone', password: 'right', socket: wxSocket(wx), patience: 30_000, ...o })
  clients.push(c)
  return c
}

async function online(c: MqttClient): Promise<MqttClient> {
  c.connect()
  await until(() => c.state.status === 'online')
  return c
}

function states(c: MqttClient): ConnectionState[] {
  const list: ConnectionState[] = []
  c.on('state', (s) => list.push(s))
  return list
}

describe('a connection', () => {
  it('comes back by itself after a cut, and hears again what it had subscribed', async () => {
    const wx = new FakeWx()
    const c = await online(client(wx))
    const seen = states(c)
    const messages: string[] = []
    c.on('message', (m) => messages.push(m.text()))
    await c.subscribe('home/a')
    proxy.cut()
    await until(() => c.state.status === 'offline')
    expect(seen[0]).toMatchObject({ status: 'offline', reason: 'lost', final: false })
    expect((seen[0] as { retryAt: number }).retryAt).toBeGreaterThan(Date.now() - 1000)
    await until(() => c.state.status === 'online')
    await c.publish('home/a', 'again')
    await until(() => messages.includes('again'))
    expect(wx.most).toBe(1)
  })

  it('fails what must not be sent late, and sends again what may be', async () => {
    const c = await online(client(new FakeWx()))
    const watcher = await online(client(new FakeWx(), { url: mosquitto.url }))
    const messages: string[] = []
    watcher.on('message', (m) => messages.push(m.text()))
    await watcher.subscribe('home/late')
    proxy.silence()
    const pump = c.publish('home/late', 'pump on')
    const note = c.publish('home/late', 'note', { whileOffline: 'queue' })
    proxy.cut()
    await expect(pump).rejects.toMatchObject({ code: 'connection_lost' })
    await note
    await until(() => messages.includes('note'))
    expect(messages).toEqual(['note'])
  })

  it('notices by itself that nothing comes back any more', async () => {
    const c = await online(client(new FakeWx(), { keepalive: 1, patience: 300 }))
    const seen = states(c)
    proxy.silence() // no close event will ever come
    await until(() => seen.some((s) => s.status === 'online'))
    expect(seen[0]).toMatchObject({ status: 'offline', reason: 'lost' })
  })

  it('says since when it is not there', async () => {
    const c = await online(client(new FakeWx()))
    const before = Date.now()
    proxy.refuse(true)
    proxy.cut()
    await until(() => c.state.status === 'connecting' && c.state.attempt >= 2)
    expect(c.state.since).toBeGreaterThanOrEqual(before)
    expect(c.state.since).toBeLessThanOrEqual(Date.now())
    const since = c.state.since
    await until(() => c.state.status === 'connecting' && c.state.attempt >= 3)
    expect(c.state.since).toBe(since)
    proxy.refuse(false)
    await until(() => c.state.status === 'online')
  })

  it('outlives a restart of the broker', async () => {
    const c = await online(client(new FakeWx()))
    await mosquitto.halt('SIGKILL')
    await until(() => c.state.status !== 'online')
    await mosquitto.run()
    await until(() => c.state.status === 'online')
  })
})

describe('in the background', () => {
  it('closes at once and keeps quiet until it is shown', async () => {
    const wx = new FakeWx()
    const c = await online(client(wx))
    wx.hide()
    expect(c.state).toMatchObject({ status: 'offline', reason: 'background', final: false, retryAt: null })
    await until(() => wx.open === 0)
    wx.networkChange(true)
    expect(c.state.status).toBe('offline')
    wx.show()
    expect(c.state.status).toBe('connecting')
    await until(() => c.state.status === 'online')
    expect(wx.most).toBe(1)
  })

  it('assumes after it that the socket is dead, when no event has reported its end', async () => {
    const wx = new FakeWx()
    const c = await online(client(wx))
    const before = proxy.accepted
    await new Promise((resolve) => setTimeout(resolve, 1100)) // a show() within the first second belongs to the start
    proxy.silence()
    wx.show() // without any hide before
    expect(c.state.status).toBe('connecting')
    await until(() => c.state.status === 'online')
    expect(proxy.accepted).toBe(before + 1)
  })

  it('does not begin twice when the program has just begun', async () => {
    const wx = new FakeWx()
    const before = proxy.accepted
    const c = client(wx)
    c.connect()
    wx.show()
    await until(() => c.state.status === 'online')
    expect(proxy.accepted).toBe(before + 1)
  })

  it('stays closed when it was closed', async () => {
    const wx = new FakeWx()
    const c = await online(client(wx))
    c.close()
    expect(wx.handlers).toBe(0)
    c.show()
    c.networkChanged()
    expect(c.state).toMatchObject({ status: 'offline', reason: 'closed', final: true })
    await until(() => wx.open === 0)
    await online(c)
  })

  it('begins in the background and connects when it is shown', async () => {
    const c = client(new FakeWx())
    c.hide()
    c.connect()
    expect(c.state).toMatchObject({ status: 'offline', reason: 'background' })
    c.show()
    await until(() => c.state.status === 'online')
  })
})

describe('on another network', () => {
  it('leaves the old socket, and one new one is enough for several events', async () => {
    const wx = new FakeWx()
    const c = await online(client(wx))
    const before = proxy.accepted
    wx.networkChange(false)
    expect(c.state).toMatchObject({ status: 'offline', reason: 'no_network', final: false })
    wx.networkChange(true)
    await until(() => c.state.status === 'online')
    expect(proxy.accepted).toBe(before + 1)
    await until(() => wx.open === 1)
  })

  it('never has two sockets, however often the phone changes its mind', async () => {
    const wx = new FakeWx()
    const c = await online(client(wx))
    for (let i = 0; i < 40; i++) {
      if (i % 5 === 0) wx.hide()
      if (i % 5 === 1) wx.show()
      if (i % 5 === 2) wx.networkChange(false)
      if (i % 5 === 3) wx.networkChange(true)
      if (i % 5 === 4) c.connect()
      await new Promise((resolve) => setTimeout(resolve, 7))
      // One in use; others are closing, or close as soon as they open.
      expect(wx.open).toBeLessThan(5)
    }
    wx.show()
    await until(() => c.state.status === 'online' && wx.open === 1)
    await until(() => proxy.open <= clients.length)
  })
})

/** A socket whose every event the test makes, for hours that should pass in no time. */
class Puppet implements SocketAdapter {
  sockets: { events: SocketEvents; closed: boolean; sent: ArrayBuffer[] }[] = []

  open(_url: string, _protocols: string[], _timeout: number, events: SocketEvents) {
    const s = { events, closed: false, sent: [] as ArrayBuffer[] }
    this.sockets.push(s)
    return { send: (data: ArrayBuffer) => void s.sent.push(data), close: () => void (s.closed = true) }
  }

  get last() {
    return this.sockets[this.sockets.length - 1]
  }

  accept(): void {
    this.last.events.opened()
    this.last.events.message(Uint8Array.of(0x20, 2, 0, 0).buffer)
  }
}

describe('over hours', () => {
  function puppet(): { c: MqttClient; p: Puppet } {
    vi.useFakeTimers()
    const p = new Puppet()
    const c = new MqttClient({ url: 'ws://x', socket: p })
    clients.push(c)
    c.connect()
    return { c, p }
  }

  it('waits longer and longer, never longer than 30 s, and never the same for all', () => {
    const { c, p } = puppet()
    const waits: number[] = []
    for (let i = 0; i < 12; i++) {
      p.last.events.ended('refused')
      const s = c.state as { retryAt: number }
      waits.push(s.retryAt - Date.now())
      vi.advanceTimersByTime(waits[i] + 1)
      expect(p.sockets).toHaveLength(i + 2)
    }
    waits.forEach((w, i) => {
      const longest = Math.min(30_000, 300 * 2 ** (i + 1))
      expect(w).toBeGreaterThanOrEqual(longest / 2 - 1)
      expect(w).toBeLessThanOrEqual(longest + 1)
    })
    expect(new Set(waits.slice(7)).size).toBeGreaterThan(1)
  })

  it('begins with a short wait again once a connection has held', () => {
    const { c, p } = puppet()
    for (let i = 0; i < 8; i++) {
      p.last.events.ended('refused')
      vi.advanceTimersToNextTimer()
    }
    p.accept()
    vi.advanceTimersByTime(10_001)
    p.last.events.ended('closed 1006')
    expect((c.state as { retryAt: number }).retryAt - Date.now()).toBeLessThanOrEqual(300)
  })

  it('gives an attempt that is not answered up, and closes a socket that opens too late', () => {
    const { c, p } = puppet()
    const first = p.last
    vi.advanceTimersByTime(4000)
    expect(c.state).toMatchObject({ status: 'offline', reason: 'timeout' })
    expect(first.closed).toBe(true)
    first.events.opened()
    expect(first.sent).toHaveLength(0)
  })

  it('has another socket at once when it is shown again, on whatever the old one does', () => {
    const { c, p } = puppet()
    p.accept()
    vi.setSystemTime(Date.now() + 600_000) // the phone was asleep: no timer fired, and the socket looks as before
    const old = p.last
    const many = p.sockets.length
    c.show()
    expect(old.closed).toBe(true)
    expect(p.sockets).toHaveLength(many + 1)
    p.accept()
    expect(c.state.status).toBe('online')
  })

  it('pings every 25 s, and gives up 5 s after one that is not answered', () => {
    const { c, p } = puppet()
    p.accept()
    const pings = () => p.last.sent.filter((b) => new Uint8Array(b)[0] === 0xc0).length
    for (let i = 1; i <= 3; i++) {
      vi.advanceTimersByTime(25_000)
      expect(pings()).toBe(i)
      p.last.events.message(Uint8Array.of(0xd0, 0).buffer)
    }
    vi.advanceTimersByTime(25_000 + 4999)
    expect(c.state.status).toBe('online')
    vi.advanceTimersByTime(1)
    expect(c.state).toMatchObject({ status: 'offline', reason: 'lost' })
  })

  it('pings in time in a tab out of sight, whose timers hardly fire, as long as messages come', () => {
    const { c, p } = puppet()
    p.accept()
    for (let i = 1; i <= 5; i++) {
      vi.setSystemTime(Date.now() + 27_000)
      p.last.events.message(Uint8Array.of(0xd0, 0).buffer)
      expect(p.last.sent.filter((b) => new Uint8Array(b)[0] === 0xc0)).toHaveLength(i)
    }
    p.last.events.message(Uint8Array.of(0xd0, 0).buffer)
    vi.advanceTimersByTime(24_000)
    expect(c.state.status).toBe('online')
  })

  it('knows that it was suspended', () => {
    const { c, p } = puppet()
    p.accept()
    vi.setSystemTime(Date.now() + 600_000) // as after a lid was closed
    vi.advanceTimersByTime(25_000)
    expect(c.state).toMatchObject({ status: 'offline', reason: 'lost', detail: 'the program was suspended' })
  })

  it('takes a broker that is busy at its word', () => {
    const { c, p } = puppet()
    p.last.events.opened()
    p.last.events.message(Uint8Array.of(0x20, 2, 0, 3).buffer)
    expect(c.state).toMatchObject({ status: 'offline', reason: 'busy', final: false })
    expect((c.state as { retryAt: number }).retryAt - Date.now()).toBeGreaterThanOrEqual(5000)
  })

  it.each([
    [1, 'not_mqtt', false],
    [2, 'bad_client_id', true],
    [4, 'wrong_password', true],
    [5, 'wrong_password', true],
  ])('understands CONNACK %i as %s', (code, reason, final) => {
    const { c, p } = puppet()
    p.last.events.opened()
    p.last.events.message(Uint8Array.of(0x20, 2, 0, code).buffer)
    expect(c.state).toMatchObject({ status: 'offline', reason, final })
    expect(p.last.closed).toBe(true)
  })

  it.each<[string, ArrayBuffer | string]>([
    ['text', 'HTTP/1.1 200 OK'],
    ['another packet before CONNACK', Uint8Array.of(0xd0, 0).buffer],
    ['noise', Uint8Array.of(0xf0, 0).buffer],
  ])('is not taken in by %s', (_, data) => {
    const { c, p } = puppet()
    p.last.events.opened()
    p.last.events.message(data)
    expect(c.state).toMatchObject({ status: 'offline', reason: 'not_mqtt' })
  })

  it.each([
    ['connectSocket:fail url not in domain list', 'not_allowed_domain', true],
    ['error 7 SSL certificate', 'certificate', false],
    ['javax.net.ssl.SSLHandshakeException: Trust anchor for certification path not found.', 'certificate', false],
    ['connectSocket:fail exceed max socket connections, max 5', 'too_many_sockets', false],
    ['timeout', 'timeout', false],
    ['connect ECONNREFUSED 192.168.1.10:8443', 'unreachable', false],
  ])('understands the platform\'s words "%s" as %s', (words, reason, final) => {
    const { c, p } = puppet()
    p.last.events.ended(words)
    expect(c.state).toMatchObject({ status: 'offline', reason, final, detail: words })
  })

  it('says that a platform has no WebSocket', () => {
    vi.stubGlobal('WebSocket', undefined)
    const c = new MqttClient({ url: 'ws://x' })
    c.connect()
    expect(c.state).toMatchObject({ status: 'offline', reason: 'no_adapter', final: true })
    vi.unstubAllGlobals()
  })

  it.each([
    ['SecurityError', 'insecure'],
    ['SyntaxError', 'bad_address'],
  ])('understands that a browser throws a %s', (name, reason) => {
    const socket = {
      open: () => {
        throw Object.assign(new Error('no'), { name })
      },
    }
    const c = new MqttClient({ url: 'ws://x', socket })
    c.connect()
    expect(c.state).toMatchObject({ status: 'offline', reason, final: true })
  })

  it('lets a handler change its mind', () => {
    const { c, p } = puppet()
    p.accept()
    c.on('state', (s) => s.status !== 'online' && c.close())
    p.last.events.ended('closed 1006')
    vi.advanceTimersByTime(60_000)
    expect(p.sockets).toHaveLength(1)
    expect(c.state).toMatchObject({ reason: 'closed' })
  })
})
