// Through a hub: minirelay on a server to which gateways dial out.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Gateway, wxSocket, type GatewayOptions } from '@/minirelay'
import { Hub } from './real/hub'
import { until } from './real/program'
import { FakeWx } from './real/wx'

let hub: Hub
beforeAll(async () => {
  hub = await Hub.start()
})
afterAll(() => hub?.stop())

const opened: Gateway[] = []
afterEach(() => opened.splice(0).forEach((g) => g.close()))

function open(user: string, options: Partial<GatewayOptions> = {}): Gateway {
  const g = new Gateway({ url: hub.hub.url, user, password: 'right', socket: wxSocket(new FakeWx()), ...options })
  opened.push(g)
  g.connect()
  return g
}

const temperature = (g: Gateway) => g.device('greenhouse')?.fields[0]
const names = (g: Gateway) =>
  g
    .gateways()
    .map((i) => i.gateway)
    .sort()

describe('through a hub', () => {
  it('a phone uses the gateway that it names, and finds the others beside it', async () => {
    const g = open('family', { gateway: 'barn', neighbours: true })
    await until(() => g.state.status === 'online' && temperature(g)?.value === 21.5 && names(g).length === 2)
    expect(g.id).toBe('barn')
    expect(names(g)).toEqual(['barn', 'farm'])
    await until(() => g.role === 'operator') // as the hub says, which alone knows
    for (const on of [true, false]) {
      expect(await g.command('greenhouse', 'pump', on)).toMatchObject({ status: 'done', mine: true, by: 'upstream:hub' })
    }
  })

  it('a viewer learns at once that commands are not allowed, and sees no other gateway', async () => {
    const g = open('guest')
    await until(() => g.state.status === 'online' && g.role === 'viewer' && temperature(g)?.value === 21.5)
    expect(names(g)).toEqual(['barn'])
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'rejected', code: 'forbidden' })
    expect(hub.board.pump).toBe(false)
  })

  it('a gateway that is killed is offline, and back when it is', async () => {
    const g = open('family', { gateway: 'farm' })
    await until(() => g.state.status === 'online' && temperature(g)?.value === 21.5)
    await hub.farm.halt('SIGKILL')
    await until(() => g.state.status === 'offline')
    expect(temperature(g)?.value).toBe(null)
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'rejected', code: 'offline' })
    await hub.farm.run()
    await until(() => g.state.status === 'online' && temperature(g)?.value === 21.5)
  })
})
