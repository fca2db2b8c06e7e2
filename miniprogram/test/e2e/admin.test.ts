// What only the page has: sign-in, the configuration, the wire, and the code for phones.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PageScreen } from './page-screen'
import { workshop } from './workshop'
import { World } from './world'

describe('the page of an admin', () => {
  let world: World
  let screen: PageScreen
  beforeAll(async () => {
    world = await World.start(true)
    screen = new PageScreen(await world.open({ locale: 'en-GB', viewport: { width: 1280, height: 900 } }), `https://${world.near}/`)
    await screen.enter('admin', 'right')
    await screen.says(screen.link, 'Connected to My house')
  })
  afterAll(() => world?.stop())

  it('shows the configuration without its secrets', async () => {
    await screen.go('config' as 'settings')
    const file = screen.page.locator('.config-file')
    await screen.says(file, '[devices.greenhouse]')
    await screen.says(screen.page.locator('.card'), 'The configuration is valid.')
    expect(await file.innerText()).not.toContain('"right"')
    const asked = screen.page.waitForRequest(/\/api\/config$/)
    await screen.button('Load again').click()
    expect((await (await asked).allHeaders())['accept-language']).toBe('en') // its sentences are for people
  })

  it('shows what is wrong on the disk, while the gateway goes on', async () => {
    world.gateway.configure(`${workshop(world.board.path)}\n[devices.shed]\nport = "nowhere"\ncodec = "json"\n`)
    await screen.becomes(async () => {
      await screen.button('Load again').click()
      return (await screen.page.locator('.config-bad').count()) > 0
    })
    await screen.says(screen.page.locator('.config-problem'), 'nowhere')
    await screen.says(screen.page.locator('.config-problem'), /line \d+/)
    world.gateway.configure(workshop(world.board.path))
    await screen.becomes(async () => {
      await screen.button('Load again').click()
      return (await screen.page.locator('.config-bad').count()) === 0
    })
  })

  it('shows the wire, raw and decoded, in both directions', async () => {
    await screen.go('wire' as 'settings')
    await screen.says(screen.page.locator('.wires-in'), '"t":21.5')
    await screen.says(screen.page.locator('.wires-in .wires-hex'), '7b 22 74 22')
    await screen.says(screen.page.locator('.wires-frame'), 'temperature = 21.5')
    world.board.temperature = 99 // more than the mapping takes for possible
    await screen.says(screen.page.locator('.wire-count-bad'), 'implausible')
    world.heal()
    await screen.says(screen.page.locator('.wire-state'), 'Open')
    world.board.unplug()
    await screen.says(screen.page.locator('.wire-state'), 'Not open')
    world.heal()
    await screen.says(screen.page.locator('.wire-state'), /^Open/)
  })

  it('draws the address for phones, without the password', async () => {
    await screen.go('gateways')
    const address = screen.page.locator('.own-address')
    await screen.says(address, `minirelay://127.0.0.1:${world.gateway.port}?gw=home&user=admin&tls=0`)
    const size = await screen.page
      .locator('img.own-code')
      .evaluate((img) => (img as HTMLImageElement).decode().then(() => (img as HTMLImageElement).naturalWidth))
    expect(size).toBeGreaterThan(0)
  })

  it('stays signed in over a reload, and signs out', async () => {
    await screen.page.reload()
    await screen.says(screen.link, 'Connected to My house')
    await screen.button('Sign out').click()
    await screen.page.locator('.sign-box').waitFor()
    await screen.page.reload()
    await screen.page.locator('.sign-box').waitFor()
  })

  it('keeps the wire and the configuration from others', async () => {
    await screen.enter('phone', 'right')
    await screen.says(screen.link, 'Connected to My house')
    await screen.becomes(async () => (await screen.page.locator('.nav .icon-wire').count()) === 0)
    for (const place of ['wire', 'config']) {
      await screen.page.evaluate((hash) => {
        location.hash = hash
      }, `/pages/${place}/index`)
      await screen.says(screen.page.locator('.empty-title'), 'Only for users with the role admin')
    }
  })

  it('lets a viewer look, and switch nothing', async () => {
    await screen.go('settings')
    await screen.button('Sign out').click()
    await screen.enter('display', 'right')
    await screen.says(screen.card('Greenhouse'), '21.5')
    await screen.openDevice('Greenhouse')
    await screen.says(screen.page.locator('.panel-note'), 'your role is viewer')
    await screen.page.locator('.switch-disabled').first().waitFor()
    expect(world.board.commands).toEqual([])
    expect(screen.watched.faults.filter((f) => !f.includes('status of 403'))).toEqual([])
  })
})
