// The page for people who do not see it, or use no pointer, or need large letters.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PageScreen } from './page-screen'
import { World } from './world'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  impact: string | null
  nodes: { html: string; failureSummary?: string }[]
}

/** What axe calls serious or critical on the screen as it is. */
async function serious(screen: PageScreen): Promise<string[]> {
  await screen.page.evaluate(axe)
  const violations = (await screen.page.evaluate(
    async () => (await (window as unknown as { axe: { run(): Promise<{ violations: unknown[] }> } }).axe.run()).violations,
  )) as Violation[]
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 160)} ${n.failureSummary ?? ''}`).join('\n  ')}`)
}

describe.each([
  ['light', 390],
  ['dark', 1280],
] as const)('the page, %s, %i wide', (colorScheme, width) => {
  let world: World
  let screen: PageScreen
  const faults: string[] = []
  beforeAll(async () => {
    world = await World.start(true)
    screen = new PageScreen(await world.open({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true }), `https://${world.near}/`)
  })
  afterAll(() => world?.stop())

  const at = async (hash: string, there: string) => {
    await screen.page.goto(`https://${world.near}/#/pages/${hash}`)
    await screen.page.locator(there).locator('visible=true').first().waitFor()
    faults.push(...(await serious(screen)).map((f) => `${hash}: ${f}`))
  }

  it('has no serious fault on any screen', async () => {
    await screen.page.goto(screen.url)
    await screen.page.locator('.sign-box').waitFor()
    faults.push(...(await serious(screen)).map((f) => `sign-in: ${f}`))
    // What fits has nothing to scroll.
    expect(await screen.page.evaluate(() => document.scrollingElement!.scrollHeight - innerHeight)).toBe(0)
    await screen.enter('admin', 'right')
    await screen.says(screen.card('温室'), '21.5')
    await at('devices/index', '.device')
    await at('device/index?id=greenhouse', '.panel')
    await screen.command('水泵').locator('.switch').click()
    await screen.says(screen.command('水泵'), '已完成')
    world.board.unplug()
    await screen.says(screen.page.locator('.mark').locator('visible=true'), '起离线')
    faults.push(...(await serious(screen)).map((f) => `offline: ${f}`))
    world.heal()
    await at('activity/index', '.entry')
    await at('gateways/index', '.own-code')
    await at('settings/index', '.choices')
    await at('config/index', '.config-file')
    await at('wire/index', '.wires-in')
    expect(faults).toEqual([])
  })
})

describe('the page without a pointer', () => {
  let world: World
  let screen: PageScreen
  beforeAll(async () => {
    world = await World.start(true)
    screen = new PageScreen(await world.open({ locale: 'en-GB' }), `https://${world.near}/`)
    await screen.enter('phone', 'right')
    await screen.says(screen.card('Greenhouse'), '21.5')
  })
  afterAll(() => world?.stop())

  const focused = () =>
    screen.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent?.trim() ?? '')

  /** Presses Tab until this has the focus. */
  async function tabTo(label: string): Promise<void> {
    for (let i = 0; i < 40; i++) {
      if ((await focused()).startsWith(label)) return
      await screen.page.keyboard.press('Tab')
    }
    throw new Error(`Tab does not come to ${label}`)
  }

  it('switches with the space bar', async () => {
    await tabTo('Pump')
    const role = await screen.page.evaluate(() => [
      document.activeElement?.getAttribute('role'),
      document.activeElement?.getAttribute('aria-checked'),
    ])
    expect(role).toEqual(['switch', 'false'])
    await screen.page.keyboard.press('Space')
    await screen.becomes(() => screen.switchedOn(screen.card('Greenhouse')))
  })

  it('opens a device, moves a slider and answers a question', async () => {
    await screen.page.reload()
    await screen.says(screen.card('Greenhouse'), '21.5')
    await tabTo('Greenhouse')
    await screen.page.keyboard.press('Enter')
    await tabTo('Fan')
    await screen.page.keyboard.press('ArrowRight')
    await screen.says(screen.command('Fan'), 'Done')
    expect(world.board.fan).toBe(45)
    await tabTo('Run: Reset')
    await screen.page.keyboard.press('Enter')
    await screen.says(screen.page.locator('dialog .confirm-text'), 'Reset the board?')
    await screen.page.keyboard.press('Escape')
    await screen.becomes(async () => (await screen.page.locator('dialog').count()) === 0)
    expect(world.board.commands.filter((c) => c.startsWith('RESET'))).toEqual([])
  })

  it('holds together with the largest letters', async () => {
    await screen.go('settings')
    await screen.button('Extra large').click()
    for (const place of ['settings', 'devices', 'activity', 'gateways'] as const) {
      await screen.go(place)
      const [inner, outer] = await screen.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
      expect(inner, place).toBeLessThanOrEqual(outer)
    }
  })
})
