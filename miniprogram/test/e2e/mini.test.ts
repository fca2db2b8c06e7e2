import { expect } from 'vitest'
import { packedHost } from './packed'
import { MiniScreen } from './mini-screen'
import { tell } from './story'

tell('the compiled mini-program over ws', {
  secure: false,
  screen: async (world) => new MiniScreen(await world.open(), await packedHost(), `minirelay://${world.near}`),
  check: async (screen) => {
    const mini = screen as MiniScreen
    expect(await mini.errors()).toEqual([])
    expect(await mini.sockets()).toBe(1)
  },
})
