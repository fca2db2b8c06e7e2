// The page of a hub: one of its gateways is shown, and another can be chosen.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Hub } from '../lib/real/hub'
import { launch, openPage } from './browser'
import { PageScreen } from './page-screen'

describe('the page of a hub', () => {
  let hub: Hub
  let browser: Browser
  beforeAll(async () => {
    ;[hub, browser] = await Promise.all([Hub.start(), launch()])
  })
  afterAll(async () => {
    await browser?.close()
    await hub?.stop()
  })

  it('shows a gateway, and another when it is chosen, also after it is loaded again', async () => {
    const screen = new PageScreen(await openPage(browser), `https://127.0.0.1:${hub.hub.securePort}/`)
    await screen.enter('family', 'right')
    await screen.says(screen.link, /已连接 (农场|谷仓)/)
    const [first, second] = (await screen.link.innerText()).includes('农场') ? ['农场', '谷仓'] : ['谷仓', '农场']
    await screen.go('gateways')
    const other = screen.page.locator('.other').locator('visible=true')
    await screen.says(other, second)
    await other.locator('.button').click()
    await screen.says(screen.link, `已连接 ${second}`)
    await screen.says(other, first)
    await screen.page.reload()
    await screen.says(screen.link, `已连接 ${second}`)
    await screen.go('devices')
    await screen.card('温室').locator('.switch').click()
    await screen.becomes(() => screen.switchedOn(screen.card('温室')))
    expect(hub.board.pump).toBe(true)

    // The one that was chosen is not there any more, or not for this user: the others are the way out.
    await screen.page.evaluate(() => {
      const kept = JSON.parse(sessionStorage.getItem('minirelay.account') ?? '') as object
      sessionStorage.setItem('minirelay.account', JSON.stringify({ ...kept, gateway: 'gone' }))
    })
    await screen.page.reload()
    await screen.go('gateways')
    await screen.becomes(async () => (await other.count()) === 2)
    await other.filter({ hasText: first }).locator('.button').click()
    await screen.says(screen.link, `已连接 ${first}`)
    expect(screen.watched.faults).toEqual([])
  })
})
