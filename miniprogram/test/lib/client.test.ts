// The MQTT client against real brokers: our own and Debian's mosquitto.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MqttClient, MqttError, wxSocket, type Message, type MqttOptions } from '@/minirelay'
import { RealGateway } from './real/gateway'
import { Mosquitto } from './real/mosquitto'
import { until } from './real/program'
import { FakeWx } from './real/wx'

let gateway: RealGateway
let mosquitto: Mosquitto
beforeAll(async () => {
  ;[gateway, mosquitto] = await Promise.all([RealGateway.start(''), Mosquitto.start()])
})
afterAll(() => Promise.all([gateway.stop(), mosquitto.stop()]))

const clients: MqttClient[] = []
afterEach(() => clients.splice(0).forEach((c) => c.close()))

function client(o: Partial<MqttOptions> & { url: string }, wx = new FakeWx()): MqttClient {
  const c = new MqttClient({ user: 'phone', password: 'right', socket: wxSocket(wx), patience: 30_000, ...o })
  clients.push(c)
  return c
}

async function online(c: MqttClient): Promise<MqttClient> {
  c.connect()
  await until(() => c.state.status === 'online')
  return c
}

function heard(c: MqttClient): Message[] {
  const messages: Message[] = []
  c.on('message', (m) => messages.push(m))
  return messages
}

const brokers: [string, () => string, string][] = [
  ['the gateway', () => gateway.url, 'own'],
  ['mosquitto', () => mosquitto.url, 'phone'],
]

describe.each(brokers)('with %s', (_, url, user) => {
  it('publishes and hears at QoS 0 and 1, with text in any language', async () => {
    const [a, b] = await Promise.all([online(client({ url: url(), user })), online(client({ url: url(), user }))])
    const messages = heard(b)
    expect(await b.subscribe('home/talk/+', 1)).toEqual([{ filter: 'home/talk/+', qos: 1 }])
    await a.publish('home/talk/a', '温度 21.5 °C 💧')
    await a.publish('home/talk/b', Uint8Array.of(0, 255, 128), { qos: 0 })
    await a.publish('home/talk/c', new Uint8Array(0))
    await a.publish('home/talk/d', 'x'.repeat(60_000))
    await until(() => messages.length === 4)
    const by = new Map(messages.map((m) => [m.topic.slice(-1), m]))
    expect(by.get('a')?.text()).toBe('温度 21.5 °C 💧')
    expect(by.get('a')).toMatchObject({ qos: 1, retain: false, dup: false })
    expect([...by.get('b')!.payload]).toEqual([0, 255, 128])
    expect(by.get('b')?.qos).toBe(0)
    expect(by.get('c')?.text()).toBe('')
    expect(by.get('d')?.payload).toHaveLength(60_000)
  })

  it('hears retained messages, and no more after unsubscribing', async () => {
    const c = await online(client({ url: url(), user }))
    const messages = heard(c)
    await c.publish('home/kept/a', 'old', { retain: true })
    await c.subscribe('home/kept/#')
    await until(() => messages.length === 1)
    expect(messages[0]).toMatchObject({ topic: 'home/kept/a', retain: true })
    await c.unsubscribe('home/kept/#')
    await c.subscribe('home/end')
    await c.publish('home/kept/a', 'new', { retain: true })
    await c.publish('home/end', 'x')
    await until(() => messages.some((m) => m.topic === 'home/end'))
    expect(messages.map((m) => m.text())).toEqual(['old', 'x'])
  })

  it('carries more than its window at once, each acknowledged', async () => {
    const [a, b] = await Promise.all([online(client({ url: url(), user })), online(client({ url: url(), user }))])
    const messages = heard(b)
    await b.subscribe('home/many')
    const sent = Array.from({ length: 90 }, (_, i) => a.publish('home/many', String(i)))
    await Promise.all(sent)
    await until(() => messages.length === 90)
    expect(messages.map((m) => Number(m.text()))).toEqual(Array.from({ length: 90 }, (_, i) => i))
  })

  it('leaves a will when its connection breaks, and none when it says goodbye', async () => {
    const watcher = await online(client({ url: url(), user }))
    const messages = heard(watcher)
    await watcher.subscribe('home/gone/+')
    const wx = new FakeWx()
    let cut = () => undefined as unknown
    const broken = client({
      url: url(),
      user,
      will: { topic: 'home/gone/broken', payload: '断了', qos: 1 },
      autoLife: false,
      socket: {
        open: (...args) => {
          const socket = wxSocket(wx).open(...args)
          cut = () => socket.close() // without a DISCONNECT
          return socket
        },
      },
    })
    const polite = client({ url: url(), user, will: { topic: 'home/gone/polite', payload: 'x' } })
    await Promise.all([online(broken), online(polite)])
    polite.close()
    cut()
    await until(() => messages.length > 0)
    await watcher.publish('home/gone/last', 'x')
    await until(() => messages.some((m) => m.topic === 'home/gone/last'))
    expect(messages.map((m) => m.topic)).not.toContain('home/gone/polite')
    expect(messages[0].text()).toBe('断了')
  })

  it('stops at a wrong password and says so; connect() tries again', async () => {
    const wx = new FakeWx()
    const c = client({ url: url(), user, password: 'wrong' }, wx)
    c.connect()
    await until(() => c.state.status === 'offline')
    expect(c.state).toMatchObject({ status: 'offline', reason: 'wrong_password', final: true, retryAt: null })
    c.show() // neither the foreground nor the network makes it right
    wx.networkChange(true)
    expect(c.state.status).toBe('offline')
    await until(() => wx.open === 0)
    c.connect()
    expect(c.state.status).toBe('connecting')
    await until(() => c.state.status === 'offline')
  })
})

describe('subscriptions', () => {
  it('reports which filters the gateway refuses', async () => {
    const c = await online(client({ url: gateway.url }))
    const refused: string[] = []
    c.on('refused', (f) => refused.push(f))
    expect(await c.subscribe(['$SYS/#', 'minirelay/home/status', 'elsewhere/#'])).toEqual([
      { filter: '$SYS/#', refused: true },
      { filter: 'minirelay/home/status', qos: 1 },
      { filter: 'elsewhere/#', refused: true },
    ])
    expect(refused).toEqual(['$SYS/#', 'elsewhere/#'])
    expect(c.answer('elsewhere/#')).toEqual({ filter: 'elsewhere/#', refused: true })
  })

  it('waits for a connection', async () => {
    const c = client({ url: gateway.url })
    const granted = c.subscribe(['minirelay/home/info', '$SYS/#'], 0)
    c.connect()
    expect(await granted).toEqual([
      { filter: 'minirelay/home/info', qos: 0 },
      { filter: '$SYS/#', refused: true },
    ])
  })

  it.each(['', 'a#', '#/a', 'a/b+', 'a\0'])('refuses the filter %j by itself', async (filter) => {
    await expect(client({ url: gateway.url }).subscribe(filter)).rejects.toMatchObject({ code: 'bad_topic' })
  })

  it('takes more filters than fit one packet', async () => {
    const c = await online(client({ url: mosquitto.url }))
    const filters = Array.from({ length: 100 }, (_, i) => `home/f/${i}`)
    expect(await c.subscribe(filters)).toHaveLength(100)
    const messages = heard(c)
    await c.publish('home/f/99', 'x')
    await until(() => messages.length === 1)
  })
})

describe('publishing', () => {
  it('fails at once without a connection', async () => {
    const c = client({ url: gateway.url })
    await expect(c.publish('home/pump/set', '1')).rejects.toMatchObject({ code: 'offline' })
    await expect(c.publish('home/pump/set', '1', { qos: 0 })).rejects.toBeInstanceOf(MqttError)
  })

  it.each(['', '+', 'a/#', 'a\0b'])('refuses the topic %j', async (topic) => {
    const c = await online(client({ url: gateway.url }))
    await expect(c.publish(topic, '')).rejects.toMatchObject({ code: 'bad_topic' })
    expect(c.state.status).toBe('online')
  })

  it('keeps a bounded queue where it is asked to, and sends it in order', async () => {
    const watcher = await online(client({ url: mosquitto.url }))
    const messages = heard(watcher)
    await watcher.subscribe('home/queue')
    const c = client({ url: mosquitto.url })
    const sent = Array.from({ length: 101 }, (_, i) => c.publish('home/queue', String(i), { whileOffline: 'queue', qos: i % 2 ? 1 : 0 }))
    await expect(sent[100]).rejects.toMatchObject({ code: 'queue_full' })
    c.connect()
    await Promise.all(sent.slice(0, 100))
    await until(() => messages.length === 100)
    // A broker keeps the order of messages of one QoS.
    const order = (qos: number) => messages.filter((m) => m.qos === qos).map((m) => Number(m.text()))
    expect(order(0)).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i))
    expect(order(1)).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i + 1))
  })

  it('gives up what waits when it is closed', async () => {
    const c = client({ url: mosquitto.url })
    const sent = c.publish('home/queue', 'x', { whileOffline: 'queue' })
    c.close()
    await expect(sent).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('the socket', () => {
  it('speaks over wss', async () => {
    await online(client({ url: gateway.secureURL }, new FakeWx(gateway.certificate)))
  })

  it('says that a certificate is not trusted', async () => {
    const c = client({ url: gateway.secureURL })
    c.connect()
    await until(() => c.state.status === 'offline')
    expect(c.state).toMatchObject({ reason: 'certificate', final: false })
  })

  it('asks for the subprotocol in an array and sends one exact buffer for each packet', async () => {
    const wx = new FakeWx()
    await online(client({ url: mosquitto.url }, wx))
    expect(wx.protocols).toEqual([['mqtt']])
    expect(wx.sent[0][1] + 2).toBe(wx.sent[0].length)
  })

  it.each(['', 'mqtt://x', 'http://x', 'ws://'])('does not try the address %j', (url) => {
    const c = client({ url })
    c.connect()
    expect(c.state).toMatchObject({ status: 'offline', reason: 'bad_address', final: true })
  })

  it('uses the id that it was given, and a random one otherwise', async () => {
    await online(client({ url: mosquitto.url, clientId: 'kitchen-tablet' }))
    expect(mosquitto.output()).toContain('kitchen-tablet')
    expect(client({ url: mosquitto.url }).clientId).toMatch(/^mr-[a-z0-9]{12}$/)
  })

  it('pings, and stays', async () => {
    const wx = new FakeWx()
    const c = await online(client({ url: mosquitto.url, keepalive: 1 }, wx))
    await until(() => wx.sent.filter((b) => b[0] === 0xc0).length >= 3)
    expect(c.state.status).toBe('online')
  })
})
