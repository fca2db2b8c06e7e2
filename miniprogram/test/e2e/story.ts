// What a person does with the screens, once on the page and once in the mini-program. Each chapter leaves the
// world as it found it; all of them happen on the same screen, as they would in a day.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../lib/real/program'
import type { Screen } from './screen'
import { World, type Teller } from './world'

/** How long a phone lets a program live in the background, in ms: the story is about what comes after. */
const background = 5100

export function tell(name: string, teller: Teller): void {
  describe(name, () => {
    let world: World
    let screen: Screen
    beforeAll(async () => {
      world = await World.start(teller.secure)
      screen = await teller.screen(world)
    })
    let broken = false
    beforeEach((context) => {
      if (broken) context.skip() // what comes after a chapter that failed means nothing; the run has failed already
    })
    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') {
        broken = true
        await screen?.page.screenshot({ path: `dist/failed-${teller.secure ? 'page' : 'mini'}.png` })
      }
      world.heal()
    })
    afterAll(() => world?.stop())

    const greenhouse = () => screen.card('温室')
    const online = () => screen.says(screen.link, '已连接 我的小屋')
    const commands = (verb: string) => world.board.commands.filter((c) => c.startsWith(verb))

    it('says that a password is wrong, and tries no more', async () => {
      await screen.enter('phone', 'wrong')
      await screen.says(screen.page.locator('.link, .sign-trouble').locator('visible=true'), '密码')
      const tries = world.proxy.accepted
      // Another attempt would come within a second or two: until then there must be none.
      await screen.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2500)))
      expect(world.proxy.accepted).toBe(tries)
    })

    it('enters with the right one, and lists the devices', async () => {
      await screen.enter('phone', 'right')
      await online()
      await screen.says(greenhouse().locator('.mark'), '在线')
      await screen.says(greenhouse(), '21.5')
      expect(await greenhouse().locator('.switch').count()).toBe(1)
    })

    it('shows values as they move', async () => {
      world.board.temperature = 30.2
      await screen.says(greenhouse().locator('.value'), '30.2')
    })

    it('switches: the switch moves when the board says so', async () => {
      expect(await screen.switchedOn(greenhouse())).toBe(false)
      await greenhouse().locator('.switch').click()
      await screen.becomes(() => screen.switchedOn(greenhouse()))
      expect(world.board.pump).toBe(true)
      expect(commands('PUMP')).toHaveLength(1)
    })

    it('shows a switch that another person moved', async () => {
      world.board.pump = true
      await screen.becomes(() => screen.switchedOn(greenhouse()))
      world.board.pump = false
      await screen.becomes(async () => !(await screen.switchedOn(greenhouse())))
    })

    it('says what a board that refuses answers, and leaves the switch', async () => {
      await screen.openDevice('温室')
      world.board.fault = 'refusing'
      await screen.command('水泵').locator('.switch').click()
      await screen.says(screen.command('水泵'), '被拒绝')
      await screen.says(screen.command('水泵'), 'dry well')
      expect(await screen.switchedOn(screen.command('水泵'))).toBe(false)
    })

    it('says that the end is not known when a board is silent', async () => {
      world.board.fault = 'silent'
      await screen.command('水泵').locator('.switch').click()
      await screen.says(screen.command('水泵'), '等待中：开')
      expect(await screen.switchedOn(screen.command('水泵'))).toBe(false)
      await screen.says(screen.command('水泵'), '结果未知')
      expect(await screen.switchedOn(screen.command('水泵'))).toBe(false)
    })

    it('says when a board claims what it did not do', async () => {
      world.board.fault = 'stubborn'
      await screen.command('水泵').locator('.switch').click()
      await screen.says(screen.command('水泵'), '未生效')
    })

    it('sends a slider once, when it is let go', async () => {
      await screen.slideTo('风扇', 70)
      await screen.says(screen.command('风扇'), '70 %')
      await screen.says(screen.command('风扇'), '已完成')
      expect(commands('FAN')).toEqual([expect.stringMatching(/^FAN 70 #/)])
    })

    it('chooses, and sends a text', async () => {
      await screen.command('模式').locator('.button').filter({ hasText: '自动' }).click()
      await screen.says(screen.command('模式').locator('.button-pressed'), '自动')
      expect(world.board.mode).toBe('auto')
      const text = screen.command('显示文字')
      await text.locator('input').last().fill('太长太长太长')
      await screen.says(text, '最多 12 字节')
      await text.locator('input').last().fill('你好')
      await text.locator('.button').click()
      await screen.says(text, '已完成')
      expect(world.board.label).toBe('你好')
    })

    it('asks first where the mapping asks', async () => {
      for (const yes of [false, true]) {
        const answer = await screen.answering(yes)
        await screen.command('复位').locator('.button').click()
        expect(await answer.question()).toBe('确定要复位吗？')
      }
      await screen.says(screen.command('复位'), '已完成')
      expect(commands('RESET')).toHaveLength(1)
    })

    it('draws the line of a value', async () => {
      const ink = () =>
        screen.page
          .locator('canvas.canvas')
          .locator('visible=true')
          .evaluate((node) => {
            const canvas = node as HTMLCanvasElement
            const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height)
            return data.filter((_, i) => i % 4 === 3 && data[i] > 200).length
          })
      await until(async () => (await ink()) > 200)
    })

    it('shows that a board is unplugged, with no value, and that it is back', async () => {
      world.board.unplug()
      await screen.says(screen.page.locator('.panel .mark').locator('visible=true'), '起离线')
      await screen.says(screen.value('温度'), '—')
      await screen.says(screen.value('温度'), '设备离线')
      world.board.replug()
      await screen.says(screen.page.locator('.panel .mark').locator('visible=true'), '在线')
      await screen.says(screen.value('温度'), '21.5')
    })

    it('shows the truth again after the background, though no event reported that the connection was dead', async () => {
      await screen.hide()
      world.proxy.silence()
      world.board.temperature = 11.1
      await new Promise((resolve) => setTimeout(resolve, background))
      await screen.show()
      await screen.says(screen.value('温度'), '11.1')
      await online()
    })

    it('shows no value while the network is cut, and the truth when it is back', async () => {
      world.proxy.refuse(true)
      world.proxy.cut()
      await screen.says(screen.link, '立即重试')
      await screen.says(screen.value('温度'), '未连接网关')
      world.board.temperature = 12.5
      world.proxy.refuse(false)
      await screen.button('立即重试').click()
      await screen.says(screen.value('温度'), '12.5')
      await online()
    })

    it('comes back by itself after the gateway was killed', async () => {
      await world.gateway.halt('SIGKILL')
      await screen.says(screen.value('温度'), '未连接网关')
      await world.gateway.run()
      await screen.says(screen.value('温度'), '21.5')
      await online()
    })

    it('has written down what happened, newest first', async () => {
      await screen.go('activity')
      const entries = screen.page.locator('.entry').locator('visible=true')
      await screen.says(entries.first(), '复位')
      await screen.says(entries, 'dry well')
      await screen.says(entries, '本人操作')
    })

    it('has asked no foreign host, and nothing went wrong behind the scenes', async () => {
      expect([...screen.watched.hosts].filter((h) => h !== '127.0.0.1')).toEqual([])
      expect(screen.watched.faults).toEqual([])
      await teller.check?.(screen)
    })
  })
}
