// A gateway behind another broker, played by a pretender: what is shown for any message.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Gateway, MqttClient, wxSocket, type GatewayOptions } from '@/minirelay'
import { RealGateway } from './real/gateway'
import { until } from './real/program'
import { FakeWx } from './real/wx'

let gateway: RealGateway
beforeAll(async () => {
  gateway = await RealGateway.start('')
})
afterAll(() => gateway.stop())

const opened: { close(): void }[] = []
afterEach(() => opened.splice(0).forEach((o) => o.close()))

function open(o: Partial<GatewayOptions>): Gateway {
  const g = new Gateway({ url: gateway.url, user: 'own', password: 'right', socket: wxSocket(new FakeWx()), ...o })
  opened.push(g)
  g.connect()
  return g
}

describe('behind another broker', () => {
  // The user own has topics of its own below home/: with the root home/cloud they look like a gateway's on any broker.
  async function cloud(): Promise<{ g: Gateway; say: (topic: string, payload: string) => Promise<void> }> {
    const pretender = new MqttClient({ url: gateway.url, user: 'own', password: 'right', socket: wxSocket(new FakeWx()) })
    opened.push(pretender)
    pretender.connect()
    await until(() => pretender.state.status === 'online')
    const say = (topic: string, payload: string) => pretender.publish(`home/cloud/far/${topic}`, payload, { retain: true })
    await pretender.subscribe('home/cloud/far/request/+')
    pretender.on('message', (m) => {
      const { id } = JSON.parse(m.text()) as { id: string }
      const reply = JSON.stringify({ id, result: { now: 1_000_000 } })
      pretender.publish(m.topic.replace('request', 'reply'), reply).catch(() => undefined) // the test is over
    })
    await say('info', '{"gateway":"far","version":"1"}')
    await say('status', 'online')
    await say('tank/model', '{"device":"tank","fields":[{"id":"level","type":"number"},{"id":"odd","type":"colour"},7],"commands":null}')
    await say('tank/availability', 'online')
    await say('tank/state', '{"ts":999000,"level":5}')
    return { g: open({ root: 'home/cloud' }), say }
  }

  it('knows an offline gateway from an offline phone, and takes its clock', async () => {
    const { g, say } = await cloud()
    const level = () => g.device('tank')?.fields[0]
    await until(() => g.state.status === 'online')
    expect(g.device('tank')?.fields).toHaveLength(1)
    expect(level()).toMatchObject({ value: 5, ts: 999_000 })
    expect(level()?.age).toBeGreaterThanOrEqual(1000)
    expect(g.now()).toBeLessThan(2_000_000)

    await say('status', 'offline') // its last will
    await until(() => g.state.status === 'offline')
    expect(g.state).toMatchObject({ reason: 'gateway_offline' })
    expect(level()).toMatchObject({ value: null, reason: 'gateway_offline', last: { value: 5 } })
    expect(await g.command('tank', 'x', 1)).toMatchObject({ status: 'rejected', code: 'offline', local: true })
    await say('status', 'online')
    await until(() => g.state.status === 'online' && level()?.value === 5)
  })

  it('does not take readings that are made up for, or nonsense, for the present', async () => {
    const { g, say } = await cloud()
    const level = () => g.device('tank')?.fields[0]
    await until(() => level()?.value === 5)
    await say('tank/state', '{"ts":1000,"level":1,"replay":true}')
    await say('tank/result', 'nonsense')
    await say('tank/model', '{"device":')
    await say('tank/availability', 'online')
    await say('info', '[]')
    await say('other/model', '{"device":"other","fields":[],"commands":[{"id":"x","type":"none","ask":{"en":"Sure?"}}]}')
    await until(() => g.device('other') !== null)
    expect(level()?.value).toBe(5)
    await say('other/model', '')
    await say('tank/state', '{"ts":1000500,"level":"high"}')
    await until(() => level()?.reason === 'no_reading')
    await say('tank/state', '{"ts":5000,"level":7,"clock":"unset"}') // a Pi that does not know the time yet
    await until(() => level()?.value === 7)
    expect(level()?.age).toBeNull()
    await say('tank/state', 'nonsense')
    await until(() => level()?.reason === 'waiting')
  })

  it('takes a hundred devices', async () => {
    const { g, say } = await cloud()
    await until(() => g.state.status === 'online')
    const ids = Array.from({ length: 100 }, (_, i) => `tank${String(i).padStart(2, '0')}`)
    const fields = Array.from({ length: 10 }, (_, i) => ({ id: `f${i}`, type: 'number' }))
    const values = Object.fromEntries(fields.map((f, i) => [f.id, i]))
    for (const id of ids) {
      await Promise.all([
        say(`${id}/model`, JSON.stringify({ device: id, fields, commands: [] })),
        say(`${id}/availability`, 'online'),
        say(`${id}/state`, JSON.stringify({ ts: 1_000_000, ...values })),
      ])
    }
    await until(() => g.devices().filter((d) => d.fields[9]?.value === 9).length === 100)
    const again = open({ root: 'home/cloud' })
    await new Promise<void>((resolve) => again.on('ready', resolve))
    expect(again.devices()).toHaveLength(101)
    expect(again.devices().every((d) => d.online && d.fields.every((f) => f.value !== null))).toBe(true)
    for (const id of ids) await say(`${id}/model`, '')
    await until(() => g.devices().length === 1 && again.devices().length === 1)
  })

  it('reports events', async () => {
    const { g, say } = await cloud()
    await until(() => g.state.status === 'online')
    const events: unknown[] = []
    g.on('event', (e) => events.push(e))
    await say('tank/event', '{"ts":1000001,"event":"alarm","message":"too full"}')
    await until(() => events.length > 0)
    expect(events[0]).toEqual({ device: 'tank', ts: 1_000_001, data: { ts: 1_000_001, event: 'alarm', message: 'too full' } })
  })

  it('says that no gateway is there', async () => {
    const g = open({ root: 'home/empty' })
    await until(() => g.state.status === 'offline')
    expect(g.state).toMatchObject({ reason: 'no_gateway', final: false })
  })
})
