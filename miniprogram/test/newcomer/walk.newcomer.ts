// A newcomer with a Pi, an Arduino and the README: the steps, and what they show.

import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, openPage } from '../e2e/browser'
import { PageScreen } from '../e2e/page-screen'
import { start, until, type Program } from '../lib/real/program'
import { Terminal } from './terminal'

const { ROOT = '', ARCH = '', BOARD = '', SKETCH = '' } = process.env
const password = 'a newcomer of today'

/** The commands that a README gives for the Pi, for a machine of this kind. */
function commands(readme: string): string[] {
  const chapter = readFileSync(`../${readme}`, 'utf8')
    .split(/^## /m)
    .find((c) => /^(On the Pi|在树莓派上)\n/.test(c))
  const block = /^```sh\n([^]*?)^```/m.exec(chapter ?? '')?.[1] ?? ''
  return block
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').replace('_arm64', `_${ARCH}`))
    .filter(Boolean)
}

describe('a newcomer with the README', () => {
  let browser: Browser
  let screen: PageScreen
  let service: Program
  let board: Program
  let address = ''
  const plug = async () => {
    board = await start(BOARD, [SKETCH, ROOT], /plugged in/)
  }
  const card = () => screen.card('Arduino 温室')

  beforeAll(async () => {
    browser = await launch()
    await plug()
  })
  afterAll(async () => {
    await browser?.close()
    await service?.stop()
    await board?.stop()
  })

  it('finds two commands, in English and in Chinese', () => {
    expect(commands('README.md')).toHaveLength(2)
    expect(commands('README.zh-CN.md')).toEqual(commands('README.md'))
  })

  it('installs with the first one, which says where the page is', async () => {
    const said = await new Terminal(ROOT, commands('README.md')[0]).done()
    expect(said).toContain(commands('README.md')[1])
    address = /https:\/\/\S+/.exec(said)?.[0] ?? ''
    expect(address).toBe('https://192.168.77.10:8443/')
    service = await start('../e2e/debian/service', [ROOT], /^ready /m) // what the package has systemd do
  })

  it('answers the questions of the second one, and the gateway that runs takes it', async () => {
    const init = new Terminal(ROOT, commands('README.md')[1])
    await init.answer("The gateway's id", '')
    await init.answer('Name for people', '我的小屋')
    await init.answer('Arduino Uno', 'arduino-greenhous') // a typing error is reported, and the question comes again
    await init.answer('arduino-greenhouse', 'arduino-greenhouse')
    await init.answer('Password:', password)
    await init.answer('Repeat the password:', password)
    expect(await init.done()).toContain(address)
    await until(() => service.output().includes('the new configuration is in use'))
  })

  it('signs in on the page, and sees what the board says', async () => {
    screen = new PageScreen(await openPage(browser), address)
    await screen.enter('admin', password)
    await screen.says(screen.link, '已连接 我的小屋')
    await screen.says(card().locator('.mark'), '在线')
    await screen.openDevice('Arduino 温室')
    await screen.says(screen.value('温度'), '21.5')
    await screen.says(screen.value('湿度'), '40')
  })

  it('switches the pump: the board says so, and its pin is high', async () => {
    expect(await screen.switchedOn(screen.command('水泵'))).toBe(false)
    await screen.command('水泵').locator('.switch').click()
    await screen.becomes(() => screen.switchedOn(screen.command('水泵')))
    await screen.says(screen.command('水泵'), '已完成')
    await screen.says(screen.value('湿度'), '60') // the sketch's soil gets wet while the pin is high
  })

  it('pulls the cable out: no value is shown that is not known', async () => {
    await board.stop()
    await screen.says(screen.page.locator('.panel .mark').locator('visible=true'), '离线')
    await screen.says(screen.value('温度'), '—')
    await screen.says(screen.value('湿度'), '—')
  })

  it('plugs it in again: what is shown is what the board says now, and nothing was switched', async () => {
    await plug()
    await screen.says(screen.page.locator('.panel .mark').locator('visible=true'), '在线')
    await screen.says(screen.value('温度'), '21.5')
    await screen.says(screen.value('湿度'), '40') // an Arduino starts again, with the pump off
    expect(await screen.switchedOn(screen.command('水泵'))).toBe(false)
  })

  it('asks how everything is', async () => {
    expect(await new Terminal(ROOT, 'sudo minirelay status').done()).toMatch(/arduino-greenhouse.*online/)
    expect([...screen.watched.hosts]).toEqual(['192.168.77.10'])
    expect(screen.watched.faults).toEqual([])
  })
})
