import { PageScreen } from './page-screen'
import { tell } from './story'

tell('the page over wss', {
  secure: true,
  screen: async (world) => new PageScreen(await world.open(), `https://${world.near}/`),
})
