// From anywhere: the gateway and the phone meet at a third party's broker.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Gateway, wxSocket } from '@/minirelay'
import { Board, mapping } from './real/board'
import { RealGateway } from './real/gateway'
import { Mosquitto } from './real/mosquitto'
import { until } from './real/program'
import { FakeWx } from './real/wx'

let board: Board
let mosquitto: Mosquitto
let gateway: RealGateway
beforeAll(async () => {
  ;[board, mosquitto] = await Promise.all([Board.start(), Mosquitto.start()])
  gateway = await RealGateway.start(config('accept = ["command", "request"]'))
})
afterAll(async () => {
  board.stop()
  await gateway.stop()
  await mosquitto.stop()
})

function config(more: string): string {
  return `${mapping('greenhouse', board.path)}
[upstream.cloud]
url      = "mqtt://127.0.0.1:${mosquitto.plainPort}"
user     = "phone"
password = "right"
prefix   = "farm"
retry    = "1s"
${more}
`
}

const opened: Gateway[] = []
afterEach(() => opened.splice(0).forEach((g) => g.close()))

function open(): Gateway {
  const g = new Gateway({ url: mosquitto.url, user: 'phone', password: 'right', socket: wxSocket(new FakeWx()) })
  opened.push(g)
  g.connect()
  return g
}

const temperature = (g: Gateway) => g.device('greenhouse')?.fields[0]

describe('through another broker', () => {
  it('a phone sees and switches the same with another address alone', async () => {
    const g = open()
    await until(() => g.state.status === 'online' && temperature(g)?.value === 21.5)
    expect(g).toMatchObject({ id: 'home', root: 'farm/minirelay', role: null })
    expect(temperature(g)?.age).toBeGreaterThanOrEqual(0)
    for (const on of [true, false]) {
      expect(await g.command('greenhouse', 'pump', on)).toMatchObject({ status: 'done', mine: true, by: 'upstream:cloud' })
    }
  })

  it('it knows when the gateway is gone, and when it is back', async () => {
    const g = open()
    await until(() => g.state.status === 'online' && temperature(g)?.value === 21.5)
    board.fault = 'silent'
    const before = board.commands.length
    const end = g.command('greenhouse', 'pump', true)
    await until(() => board.commands.length > before)
    await gateway.halt('SIGKILL')
    await until(() => g.state.status === 'offline')
    expect(await end).toMatchObject({ status: 'unknown', mine: true }) // whoever notices first
    board.fault = 'none'
    expect(g.state).toMatchObject({ reason: 'gateway_offline' })
    expect(temperature(g)).toMatchObject({ value: null, reason: 'gateway_offline', last: { value: 21.5 } })
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'rejected', code: 'offline', local: true })
    board.temperature = 25
    await gateway.run()
    await until(() => g.state.status === 'online' && temperature(g)?.value === 25)
    board.temperature = 21.5
  })

  it('it shows the values of a gateway that takes nothing from there, and sends no command', async () => {
    await gateway.halt()
    gateway.configure(config(''))
    await gateway.run()
    const g = open()
    await until(() => g.state.status === 'online' && temperature(g)?.value === 21.5)
    const before = board.commands.length
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'rejected', code: 'offline', local: true })
    expect(board.commands.length).toBe(before)
  })
})
