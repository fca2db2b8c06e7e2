// The page on the plain WebSocket port, for phones whose browser accepts no self-signed certificate. To the
// browser this is not a secure context, unlike loopback.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Board, mapping } from '../lib/real/board'
import { RealGateway } from '../lib/real/gateway'
import { until } from '../lib/real/program'
import { launch, openPage } from './browser'
import { PageScreen } from './page-screen'

const lan = '192.168.1.10'

let board: Board
let gateway: RealGateway
let browser: Browser
beforeAll(async () => {
  board = await Board.start()
  gateway = await RealGateway.start(mapping('greenhouse', board.path))
  browser = await launch(`MAP ${lan} 127.0.0.1`)
})
afterAll(async () => {
  await browser?.close()
  board?.stop()
  await gateway?.stop()
})

it('shows and switches', async () => {
  const screen = new PageScreen(await openPage(browser), `http://${lan}:${gateway.port}/`)
  await screen.enter('phone', 'right')
  const card = screen.card('温室')
  await screen.says(card, '21.5')
  await card.locator('.switch').click()
  await until(() => screen.switchedOn(card))
  expect(board.pump).toBe(true)
  expect(await screen.page.evaluate(() => window.isSecureContext)).toBe(false)
  expect(screen.watched.faults).toEqual([])
  expect([...screen.watched.hosts]).toEqual([lan])
})

it('says where the API is', async () => {
  const screen = new PageScreen(await openPage(browser), `http://${lan}:${gateway.port}/`)
  await screen.enter('admin', 'right')
  await screen.card('温室').waitFor()
  for (const place of ['config', 'wire']) {
    await screen.page.evaluate((hash) => {
      location.hash = hash
    }, `/pages/${place}/index`)
    await screen.page.locator('.empty[role=alert]').locator('visible=true').filter({ hasText: 'https' }).waitFor()
  }
})
