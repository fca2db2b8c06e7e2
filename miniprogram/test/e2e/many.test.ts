// A hundred devices: found by groups and by search, and alive.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PageScreen } from './page-screen'
import { Crowd, crowd } from './workshop'
import { World } from './world'

describe('a hundred devices', () => {
  let world: World
  let boards: Crowd
  let screen: PageScreen
  beforeAll(async () => {
    boards = await Crowd.of(100)
    world = await World.start(true)
    world.gateway.configure(crowd(boards.path, 100))
    screen = new PageScreen(await world.open({ locale: 'en-GB', viewport: { width: 1280, height: 900 } }), `https://${world.near}/`)
    await screen.enter('phone', 'right')
  })
  afterAll(async () => {
    await world?.stop()
    boards?.stop()
  })

  it('are all there, in groups', async () => {
    await screen.becomes(async () => (await screen.page.locator('.device').count()) === 100)
    // One after the other they come online, and into their groups.
    const groups = 'Shed 1 · 10, Shed 3 · 10, Shed 0 · 10, Shed 2 · 10, Shed 4 · 10, Sensors · 50'
    await screen.becomes(async () => (await screen.page.locator('.devices-list .heading').allInnerTexts()).join(', ') === groups)
  })

  it('are found by what is typed', async () => {
    await screen.page.locator('.devices-search input').fill('sensor 77')
    await screen.becomes(async () => (await screen.page.locator('.device').count()) === 1)
    await screen.says(screen.page.locator('.device-title'), 'Shed 2/Sensor 77')
    await screen.page.locator('.devices-search input').fill('nothing like this')
    await screen.says(screen.page.locator('.empty'), 'No device matches "nothing like this".')
    await screen.button('Clear').click()
    await screen.becomes(async () => (await screen.page.locator('.device').count()) === 100)
  })

  it('move, each one', async () => {
    boards.temperature = 17.3
    await screen.becomes(async () => (await screen.page.locator('.value-text', { hasText: '17.3' }).count()) === 100)
  })

  it('show one beside the list on a wide screen', async () => {
    await screen.card('Shed 2/Sensor 77').locator('.device-head .button').click()
    await screen.says(screen.page.locator('.devices-side .devices-side-title'), 'Shed 2/Sensor 77')
    await screen.says(screen.value('temperature'), '17.3')
    expect(await screen.page.locator('.device').count()).toBe(100)
    expect(screen.watched.faults).toEqual([])
  })
})
