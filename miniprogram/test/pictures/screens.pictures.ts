// Every screen in both themes and both sizes, from the real gateway, into docs/pictures.

import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { until } from '../lib/real/program'
import { launch, openPage } from '../e2e/browser'
import { MiniScreen } from '../e2e/mini-screen'
import { packedHost } from '../e2e/packed'
import { PageScreen } from '../e2e/page-screen'
import type { Screen } from '../e2e/screen'
import { phone, Pictures } from './album'
import { House, lan, password } from './house'
import { boards, mapping, type Boards } from './showroom'

const lineTakes = 75_000 // ms until a chart has a line worth looking at
const pictures = new Pictures((name) => !name.startsWith('five-'))
const wide = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 }

let all: Boards
let house: House
let browser: Browser
beforeAll(async () => {
  all = await boards()
  house = await House.start([], mapping(all))
  browser = await launch(`MAP ${lan} 127.0.0.1`)
})
afterAll(async () => {
  await browser?.close()
  Object.values(all ?? {}).forEach((b) => b.stop())
  await house?.stop()
})

/** What has happened before the pictures: something done, refused, and not known. */
async function live(
  screen: Screen,
  words: { greenhouse: string; pump: string; done: string; tank: string; valve: string; refused: string },
): Promise<void> {
  await screen.card(words.greenhouse).locator('.switch').first().click()
  await until(() => screen.switchedOn(screen.card(words.greenhouse)))
  all.tank.fault = 'refusing'
  await screen.card(words.tank).locator('.switch').first().click()
  await screen.says(screen.card(words.tank), words.refused)
  all.tank.fault = 'none'
}

const sets: { size: string; theme: 'light' | 'dark'; locale: string; options: BrowserContextOptions }[] = []
for (const [size, options] of [
  ['phone', phone],
  ['wide', wide],
] as const) {
  for (const theme of ['light', 'dark'] as const) sets.push({ size, theme, locale: 'en-GB', options })
  sets.push({ size, theme: 'light', locale: 'zh-CN', options })
}

it.concurrent.each(sets)('the page: $size, $theme, $locale', async ({ size, theme, locale, options }) => {
  const chinese = locale === 'zh-CN'
  const base = `https://${lan}:${house.securePort}/`
  const screen = new PageScreen(await openPage(browser, { ...options, locale, colorScheme: theme }), base)
  const name = (what: string) => `${what}-${size}-${theme}${chinese ? '-zh' : ''}`
  await screen.page.goto(base)
  await screen.page.locator('.sign-box').waitFor()
  if (!chinese) await pictures.take(screen.page, name('sign-in'))
  await screen.enter('admin', password)
  await screen.page.locator('.device').first().waitFor()
  all.gate.unplug()
  const began = Date.now()
  const words = chinese
    ? { greenhouse: '温室', pump: '水泵', done: '已完成', tank: '水箱', valve: '进水阀', refused: '被拒绝' }
    : { greenhouse: 'Greenhouse', pump: 'Pump', done: 'Done', tank: 'Water tank', valve: 'Inlet valve', refused: 'Refused' }
  if (size === 'phone' && theme === 'light' && !chinese) await live(screen, words)
  await new Promise((resolve) => setTimeout(resolve, began + lineTakes - Date.now()))
  if (size === 'wide') await screen.openDevice(words.greenhouse)
  await pictures.take(screen.page, name('devices'))
  if (size === 'phone') {
    await screen.openDevice(words.greenhouse)
    await pictures.take(screen.page, name('device'))
    await screen.page.locator('.panel-chart').locator('visible=true').scrollIntoViewIfNeeded()
    await screen.page.mouse.wheel(0, 600)
    await pictures.take(screen.page, name('device-chart'))
  }
  if (!chinese) {
    const rest: [string, string][] = [
      ['activity', '.frame-head'],
      ['gateways', '.own-code'],
      ['settings', '.choices'],
      ['config', '.config-file'],
      ['wire', '.wires-frame'],
    ]
    for (const [place, there] of rest) {
      await screen.page.evaluate((hash) => {
        location.hash = hash
      }, `/pages/${place}/index`)
      await screen.page.locator(there).locator('visible=true').first().waitFor()
      if (place === 'wire') await until(async () => (await screen.page.locator('.wires-row').count()) > 30)
      await pictures.take(screen.page, name(place))
    }
  }
})

it.concurrent.each(['light', 'dark'] as const)('the mini-program: %s', async (theme) => {
  const screen = new MiniScreen(
    await openPage(browser, { ...phone, colorScheme: theme }),
    await packedHost(),
    `minirelay://127.0.0.1:${house.port}`,
  )
  await screen.page.goto(screen.url)
  await screen.go('gateways')
  await screen.page.locator('.input').first().waitFor()
  await pictures.take(screen.page, `mini-gateways-${theme}`)
  await screen.go('devices')
  await screen.enter('phone', password)
  await screen.page.locator('.device').first().waitFor()
  await new Promise((resolve) => setTimeout(resolve, lineTakes))
  await pictures.take(screen.page, `mini-devices-${theme}`)
  await screen.openDevice('温室')
  await until(() =>
    screen.page
      .locator('canvas')
      .locator('visible=true')
      .evaluate((c) => (c as HTMLCanvasElement).width !== 300),
  )
  await screen.says(screen.value('温度'), '°C')
  await pictures.take(screen.page, `mini-device-${theme}`)
})

it('are small', () => pictures.pack())
