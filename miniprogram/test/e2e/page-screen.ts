import type { Locator } from 'playwright-core'
import type { Watched } from './browser'
import { Screen, drag } from './screen'

/** The page that the gateway serves. */
export class PageScreen extends Screen {
  constructor(
    watched: Watched,
    readonly url: string,
  ) {
    super(watched)
  }

  async enter(user: string, password: string): Promise<void> {
    await this.page.goto(this.url)
    await this.page.locator('input[autocomplete=username]').fill(user)
    await this.page.locator('input[type=password]').fill(password)
    await this.page.locator('input[type=password]').press('Enter')
  }

  private async visibility(state: 'hidden' | 'visible'): Promise<void> {
    await this.page.evaluate((to) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => to })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  }

  hide = () => this.visibility('hidden')
  show = () => this.visibility('visible')

  async answering(yes: boolean): Promise<{ question: () => Promise<string> }> {
    return {
      question: async () => {
        const text = await this.page.locator('dialog .confirm-text').innerText()
        await this.page
          .locator('dialog .button')
          .nth(yes ? 1 : 0)
          .click()
        return text
      },
    }
  }

  async go(place: string): Promise<void> {
    await this.page
      .locator('.nav')
      .locator('visible=true')
      .locator('.nav-item', { has: this.page.locator(`.icon-${place}`) })
      .click()
  }

  protected slide(slider: Locator, to: number): Promise<void> {
    return drag(slider, to)
  }
}
