import type { Locator } from 'playwright-core'
import type { Watched } from './browser'
import { Screen, drag } from './screen'

interface Host {
  hide(): void
  show(): void
  tab(index: number): void
  sockets: { state: string; mute(): void }[]
  errors: string[]
  questions: string[]
  answer: boolean
  scan: string
}

const tabs = ['devices', 'activity', 'gateways', 'settings']

/** The compiled mini-program in the host. */
export class MiniScreen extends Screen {
  constructor(
    watched: Watched,
    readonly url: string,
    readonly address: string,
  ) {
    super(watched)
  }

  async enter(user: string, password: string): Promise<void> {
    await this.page.goto(this.url)
    await this.button('添加网关').click()
    await this.page.evaluate((text) => {
      ;(window as unknown as { host: Host }).host.scan = text
    }, `${this.address}?gw=home&user=${user}&tls=0`)
    await this.button('扫描二维码').click()
    await this.becomes(async () => (await this.field('用户').inputValue()) === user)
    await this.field('密码').fill(password)
    await this.button('保存并连接').click()
    await this.go('devices')
  }

  async hide(): Promise<void> {
    await this.page.evaluate(() => {
      const { host } = window as unknown as { host: Host }
      host.sockets.forEach((s) => s.mute())
      host.hide()
    })
  }

  async show(): Promise<void> {
    await this.page.evaluate(() => (window as unknown as { host: Host }).host.show())
  }

  async answering(yes: boolean): Promise<{ question: () => Promise<string> }> {
    await this.page.evaluate((answer) => {
      const { host } = window as unknown as { host: Host }
      host.answer = answer
      host.questions.length = 0
    }, yes)
    return {
      question: async () => {
        await this.becomes(() => this.page.evaluate(() => (window as unknown as { host: Host }).host.questions.length > 0))
        return this.page.evaluate(() => (window as unknown as { host: Host }).host.questions[0])
      },
    }
  }

  async go(place: string): Promise<void> {
    await this.page.evaluate((i) => (window as unknown as { host: Host }).host.tab(i), tabs.indexOf(place))
  }

  protected slide(slider: Locator, to: number): Promise<void> {
    return drag(slider, to)
  }

  /** What WeChat's console would show as errors. */
  errors(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as { host: Host }).host.errors)
  }

  /** How many sockets there are that are not closed. */
  sockets(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { host: Host }).host.sockets.filter((s) => s.state !== 'closed').length)
  }
}
