// A bad network and a restless phone: commands keep their promises and the screen never lies.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Gateway, wxSocket, type CommandResult } from '@/minirelay'
import { Board, mapping } from './real/board'
import { RealGateway } from './real/gateway'
import { until } from './real/program'
import { Proxy } from './real/proxy'
import { FakeWx } from './real/wx'
import { random } from './random'

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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('on a bad network', () => {
  it.each([1, 2, 3])('commands are executed once or not at all, and each has one honest end (seed %i)', async (seed) => {
    const next = random(seed)
    const wx = new FakeWx()
    const g = new Gateway({ url: proxy.url, user: 'phone', password: 'right', socket: wxSocket(wx) })
    const told: CommandResult[] = []
    const before = board.commands.length
    g.on('result', (r) => {
      if (r.mine && !r.late) told.push(r)
    })
    g.connect()
    await until(() => g.state.status === 'online')

    const ends: Promise<CommandResult>[] = []
    for (let i = 0; i < 60; i++) {
      const what = next()
      if (what < 0.06) proxy.cut()
      else if (what < 0.09) proxy.silence()
      else if (what < 0.14) wx.hide()
      else if (what < 0.25) wx.show()
      else if (what < 0.28) wx.networkChange(next() < 0.7)
      else ends.push(g.command('greenhouse', 'pump', next() < 0.5))
      await pause(next() * 40)
      const field = g.device('greenhouse')?.fields.find((f) => f.id === 'pump')
      if (field?.value != null) expect(g.state.status).not.toBe('offline') // no value without a connection
    }
    wx.show()
    const results = await Promise.all(ends)
    await until(() => g.state.status === 'online')
    expect(await g.command('greenhouse', 'pump', true)).toMatchObject({ status: 'done' }) // nothing is in the way any more
    g.close()

    const count = (...s: CommandResult['status'][]) => results.filter((r) => s.includes(r.status)).length
    const executed = board.commands.length - before - 1
    expect(executed).toBeGreaterThanOrEqual(count('done', 'failed'))
    expect(executed).toBeLessThanOrEqual(count('done', 'failed', 'unknown'))
    expect(told).toHaveLength(results.length + 1)
    expect(new Set(told.map((r) => r.id)).size).toBe(told.length)
    expect(count('done')).toBeGreaterThan(0)
  })
})
