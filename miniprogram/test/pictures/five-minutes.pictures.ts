// The walk of docs/five-minutes.md, from the certificate's warning to a field that has been added.

import type { Socket } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, it } from 'vitest'
import { Board } from '../lib/real/board'
import { until } from '../lib/real/program'
import { launch, openPage } from '../e2e/browser'
import { MiniScreen } from '../e2e/mini-screen'
import { packedHost } from '../e2e/packed'
import { PageScreen } from '../e2e/page-screen'
import { phone, Pictures } from './album'
import { House, lan, password } from './house'
import { terminal } from './terminal'

/** The sketch examples/arduino/greenhouse: what it says, and its pins wired to a small greenhouse. */
class Sketch extends Board {
  private fan = 0
  private ticks = 0

  static on(): Promise<Sketch> {
    return new Sketch().listen()
  }

  protected tell(): void {
    if (this.ticks++ % 20 === 0) super.tell() // the base class ticks twenty times a second
  }

  protected state(): Record<string, unknown> {
    return { t: 21.53 - this.fan / 50, h: this.pump ? 60 : 40, fan: this.fan, p: this.pump ? 1 : 0 }
  }

  protected obey(line: Socket, command: string): void {
    const m = /^(PUMP|FAN) (\d+) #(\d+)$/.exec(command)
    if (!m) return
    if (m[1] === 'PUMP') this.pump = m[2] === '1'
    else this.fan = Number(m[2])
    line.write(`OK #${m[3]}\n`)
    super.tell()
  }
}

/** What somebody adds to the TOML in the end. */
const added = (greenhouse: string, dewPoint: string) => `name    = "${greenhouse}"

[devices.arduino-greenhouse.fields.dew_point]
name     = "${dewPoint}"
expr     = "temperature - (100 - humidity) / 5"
type     = "number"
unit     = "°C"
decimals = 1
`

const pictures = new Pictures((name) => name.startsWith('five-'))
const short = { ...phone, viewport: { width: 390, height: 600 } }

let board: Sketch
let house: House
let browser: Browser
beforeAll(async () => {
  board = await Sketch.on()
  house = await House.start([`${board.path}=arduino-greenhouse`])
  browser = await launch(`MAP ${lan} 127.0.0.1`)
})
afterAll(async () => {
  await browser?.close()
  board?.stop()
  await house?.stop()
})

it('the terminal', async () => {
  const { page } = await openPage(browser, { viewport: { width: 600, height: 420 }, deviceScaleFactor: 1.5 })
  await page.setContent(terminal('minirelay address -qr', house.address()))
  await pictures.take(page, 'five-terminal')
})

it('the warning', async () => {
  const { page } = await openPage(browser, { ...short, ignoreHTTPSErrors: false })
  await page.goto(`https://${lan}:${house.securePort}/`).catch(() => {
    /* the browser shows why not */
  })
  await page.locator('#details-button').waitFor()
  await pictures.take(page, 'five-warning')
  await page.locator('#details-button').click()
  await page.locator('#proceed-link').waitFor()
  await pictures.take(page, 'five-proceed')
})

const languages = [
  {
    locale: 'en-GB',
    suffix: '',
    title: 'Arduino greenhouse',
    offline: 'Offline',
    online: 'Online',
    greenhouse: 'Greenhouse',
    dewPoint: 'Dew point',
  },
  { locale: 'zh-CN', suffix: '-zh', title: 'Arduino 温室', offline: '离线', online: '在线', greenhouse: '温室', dewPoint: '露点' },
]

it.each(languages)('the page, in $locale', async ({ locale, suffix, title, offline, online, greenhouse, dewPoint }) => {
  const screen = new PageScreen(await openPage(browser, { ...short, locale }), `https://${lan}:${house.securePort}/`)
  const take = (what: string) => pictures.take(screen.page, `five-${what}${suffix}`)
  board.pump = false
  await screen.page.goto(screen.url)
  await screen.page.locator('.sign-box').waitFor()
  await take('sign-in')
  await screen.enter('admin', password)
  const card = screen.card(title)
  await until(async () => (await card.locator('.switch').count()) > 0 && !(await screen.switchedOn(card)))
  await take('devices')

  await card.locator('.switch').click()
  await until(() => screen.switchedOn(card))
  await screen.openDevice(title)
  await take('switched')
  await screen.page.goBack()

  board.unplug()
  await screen.says(card, offline)
  await take('unplugged')

  board.replug()
  await screen.says(card, online)
  const before = house.text
  house.edit(/(profile = "arduino-greenhouse".*\n)/, `$1${added(greenhouse, dewPoint)}`)
  await screen.card(greenhouse).filter({ hasNotText: title }).waitFor()
  await screen.openDevice(greenhouse)
  await screen.says(screen.value(dewPoint), '°C')
  await screen.value(dewPoint).scrollIntoViewIfNeeded()
  await take('added')
  house.edit(house.text, before)
})

it('the mini-program', async () => {
  const screen = new MiniScreen(await openPage(browser, short), await packedHost(), `minirelay://127.0.0.1:${house.port}`)
  board.pump = false
  await screen.enter('phone', password)
  const card = screen.card('Arduino 温室')
  await card.locator('.switch').click()
  await until(() => screen.switchedOn(card))
  await pictures.take(screen.page, 'five-mini')
})

it('are small', () => pictures.pack())
