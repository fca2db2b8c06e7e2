// Two gateways behind one proxy, each below a path of its own.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Board, mapping } from '../lib/real/board'
import { RealGateway } from '../lib/real/gateway'
import { Nginx } from '../lib/real/nginx'
import { until } from '../lib/real/program'
import { launch, openPage } from './browser'
import { PageScreen } from './page-screen'

const host = 'iot.example.cn'

let board: Board
let home: RealGateway
let farm: RealGateway
let proxy: Nginx
let browser: Browser
beforeAll(async () => {
  board = await Board.start()
  home = await RealGateway.start('')
  farm = await RealGateway.start(mapping('greenhouse', board.path), 'minirelay', 'farm', '"农场"')
  proxy = await Nginx.start({ '/': home.port, '/farm/': farm.port })
  browser = await launch(`MAP ${host} 127.0.0.1`)
})
afterAll(async () => {
  await browser?.close()
  await proxy?.stop()
  board?.stop()
  await home?.stop()
  await farm?.stop()
})

it('the page below a path signs in at the gateway that served it, and at no other', async () => {
  const root = `http://${host}:${proxy.port}/`
  const screen = new PageScreen(await openPage(browser), `${root}farm/`)
  const sockets: string[] = []
  screen.page.on('websocket', (s) => sockets.push(s.url()))
  await screen.enter('phone', 'right')
  const card = screen.card('温室')
  await screen.says(card, '21.5')
  await card.locator('.switch').click()
  await until(() => screen.switchedOn(card))
  expect(board.pump).toBe(true)
  expect(new Set(sockets)).toEqual(new Set([`ws://${host}:${proxy.port}/farm/mqtt`]))

  await screen.go('gateways')
  const code = screen.page.locator('.own-address').locator('visible=true')
  expect(await code.innerText()).toBe(`minirelay://${host}:${proxy.port}/farm/mqtt?gw=farm&user=phone&tls=0`)

  // The other gateway does not get this one's password, though the browser keeps both in one storage.
  await screen.page.goto(root)
  await screen.page.locator('.sign-box').waitFor()
  await screen.page.goto(`${root}farm/`)
  await screen.says(screen.card('温室'), '21.5')
  expect(screen.watched.faults).toEqual([])
})
