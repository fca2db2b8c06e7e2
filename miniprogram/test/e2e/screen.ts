// The screens as a person uses them. The page and the mini-program have the same ones; what differs is how they come
// to a gateway and what hides them.

import type { Locator, Page } from 'playwright-core'
import { until } from '../lib/real/program'
import type { Watched } from './browser'

export abstract class Screen {
  readonly page: Page

  constructor(readonly watched: Watched) {
    this.page = watched.page
  }

  /** Opens the program and connects to the gateway. */
  abstract enter(user: string, password: string): Promise<void>
  /** Goes into the background, where the connection dies without an event. */
  abstract hide(): Promise<void>
  abstract show(): Promise<void>
  /** Answers the next question that a command asks first. */
  abstract answering(yes: boolean): Promise<{ question: () => Promise<string> }>
  abstract go(place: 'devices' | 'activity' | 'gateways' | 'settings'): Promise<void>
  protected abstract slide(slider: Locator, to: number): Promise<void>

  /** What is visible now: pages below the top one are in the document too. */
  private visible(selector: string): Locator {
    return this.page.locator(selector).locator('visible=true')
  }

  card(name: string): Locator {
    return this.visible('.device').filter({ has: this.page.locator('.device-title', { hasText: name }) })
  }

  async openDevice(name: string): Promise<void> {
    await this.card(name).locator('.device-head .button').click()
    await this.visible('.panel').waitFor()
  }

  command(title: string): Locator {
    return this.visible('.panel .command').filter({ has: this.page.locator('.command-title', { hasText: title }) })
  }

  value(name: string): Locator {
    return this.visible('.panel-row')
      .filter({ has: this.page.locator('.panel-name', { hasText: name }) })
      .locator('.value')
  }

  button(text: string): Locator {
    return this.visible('.button').filter({ hasText: text })
  }

  field(name: string): Locator {
    return this.visible('.input')
      .filter({ has: this.page.locator('.input-name', { hasText: name }) })
      .locator('input')
      .last()
  }

  async slideTo(title: string, to: number): Promise<void> {
    await this.slide(this.command(title).locator('input[type=range]'), to)
  }

  /** Waits until the only visible one of these says text. */
  async says(what: Locator, text: string | RegExp): Promise<void> {
    await what.filter({ hasText: text }).first().waitFor()
  }

  async switchedOn(within: Locator): Promise<boolean> {
    return (await within.locator('.switch-on').count()) > 0
  }

  async becomes(what: () => Promise<boolean>): Promise<void> {
    await until(what)
  }

  get link(): Locator {
    return this.visible('.link')
  }
}

/** Moves a range as a finger does: over several values, then lets go. */
export async function drag(range: Locator, to: number): Promise<void> {
  await range.evaluate((node, value) => {
    const input = node as HTMLInputElement
    for (const v of [Number(input.value) + 5, Number(input.value) + 10, value]) {
      input.value = String(v)
      input.dispatchEvent(new Event('input', { bubbles: true }))
    }
    input.dispatchEvent(new Event('change', { bubbles: true }))
  }, to)
}
