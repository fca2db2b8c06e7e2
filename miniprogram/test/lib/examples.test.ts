// The plain file and the examples that people copy: they are what the source says, and they work against a broker.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compileScript, parse } from 'vue/compiler-sfc'
import { library, place } from '../../scripts/library.mjs'
import { Mosquitto } from './real/mosquitto'
import { until } from './real/program'
import { Proxy } from './real/proxy'
import { FakeWx } from './real/wx'

/** WeChat's own compilers, wcc and wcsc. They throw at what they do not take. */
const compiler = createRequire(import.meta.url)('miniprogram-compiler') as { wxmlToJs(dir: string): string; wxssToJs(dir: string): string }

const root = fileURLToPath(new URL('../..', import.meta.url))
const native = join(root, '../examples/native-wechat')
const uniApp = join(root, '../examples/uni-app')

let mosquitto: Mosquitto
let proxy: Proxy
beforeAll(async () => {
  mosquitto = await Mosquitto.start()
  proxy = await Proxy.start(mosquitto.port)
})
afterAll(async () => {
  proxy.stop()
  await mosquitto.stop()
})

/** wx with a storage that outlives a page. */
class Phone extends FakeWx {
  readonly stored: Record<string, unknown> = {}
  getStorageSync = (key: string) => this.stored[key] ?? ''
  setStorageSync = (key: string, value: unknown) => {
    this.stored[key] = JSON.parse(JSON.stringify(value))
  }
}

/** Everything that a mini-program's JavaScript has beside the language: nothing of a browser, nothing of node. */
const globals = (more: Record<string, unknown>) => createContext({ setTimeout, clearTimeout, ArrayBuffer, Uint8Array, Promise, ...more })

async function script(entry: string, contents?: string): Promise<string> {
  const { outputFiles } = await build({
    ...(contents === undefined ? { entryPoints: [entry] } : { stdin: { contents, resolveDir: join(entry, '..'), loader: 'js' } }),
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'page',
    target: 'es2017',
    external: ['vue'],
    logLevel: 'silent',
  })
  return outputFiles[0].text
}

/** The example page as a person uses it. */
interface Page {
  /** Fills in the fields. */
  type(fields: Record<string, string>): void
  press(button: 'connect' | 'disconnect' | 'subscribe' | 'publish'): unknown
  connected(): boolean
  status(): string
  messages(): { topic: string; text: string }[]
  leave(): void
}

async function nativePage(phone: Phone): Promise<Page> {
  type Data = Record<string, unknown> & { messages: { topic: string; text: string }[] }
  let page = null as unknown as Record<string, (e?: unknown) => unknown> & { data: Data }
  const context = globals({
    wx: phone,
    Page: (options: typeof page) => {
      page = Object.assign(
        Object.create({
          setData(this: typeof page, d: object) {
            Object.assign(this.data, d)
          },
        }),
        options,
      )
    },
  })
  runInContext(await script(join(native, 'pages/mqtt/mqtt.js')), context)
  page.onLoad()
  const buttons = { connect: 'onConnect', disconnect: 'onDisconnect', subscribe: 'onSubscribe', publish: 'onPublish' }
  return {
    type: (fields) => {
      for (const key of Object.keys(fields)) page.onInput({ currentTarget: { dataset: { key } }, detail: { value: fields[key] } })
    },
    press: (button) => page[buttons[button]](),
    connected: () => page.data.connected as boolean,
    status: () => page.data.status as string,
    messages: () => page.data.messages,
    leave: () => page.onUnload(),
  }
}

async function uniPage(phone: Phone): Promise<Page> {
  const file = join(uniApp, 'pages/mqtt/mqtt.vue')
  const { descriptor, errors } = parse(readFileSync(file, 'utf8'))
  expect(errors).toEqual([])
  const { content } = compileScript(descriptor, { id: 'mqtt' })
  const unmounted: (() => void)[] = []
  const vue = {
    ref: <T>(value: T) => ({ value }),
    reactive: <T>(o: T) => o,
    onUnmounted: (f: () => void) => unmounted.push(f),
  }
  const context = globals({ wx: phone, uni: phone, require: () => vue })
  runInContext(await script(file, content), context)
  type Refs = Record<string, { value: unknown }> & Record<string, () => unknown> & { form: Record<string, string> }
  const setup = runInContext('page.default.setup({}, { expose() {} })', context) as Refs
  return {
    type: (fields) => {
      for (const key of Object.keys(fields)) {
        if (key in setup) (setup[key] as { value: unknown }).value = fields[key]
        else setup.form[key] = fields[key]
      }
    },
    press: (button) => setup[button](),
    connected: () => setup.connected.value as boolean,
    status: () => setup.status.value as string,
    messages: () => setup.messages.value as { topic: string; text: string }[],
    leave: () => unmounted.forEach((f) => f()),
  }
}

describe('the plain file', () => {
  it('is what the source builds', async () => {
    expect(readFileSync(place, 'utf8') === (await library()), 'run "npm run build:library" and commit what it writes').toBe(true)
  })
})

describe.each<[string, (phone: Phone) => Promise<Page>]>([
  ['native', nativePage],
  ['uni-app', uniPage],
])('the %s page', (_, open) => {
  let page: Page
  afterEach(() => page?.leave())

  it('connects, subscribes and publishes, and does so again after a cut', async () => {
    const phone = new Phone()
    page = await open(phone)
    page.type({ address: proxy.url, user: 'phone', password: 'right', filter: 'home/#', topic: 'home/pump/set', payload: '开' })
    page.press('connect')
    await until(() => page.connected())
    expect(page.status()).toBe('已连接 / connected')
    await page.press('subscribe')
    await page.press('publish')
    await until(() => page.messages().length === 1)
    expect(page.messages()[0]).toMatchObject({ topic: 'home/pump/set', text: '开' })

    proxy.cut()
    await until(() => !page.connected())
    await until(() => page.connected())
    await page.press('publish')
    await until(() => page.messages().length === 2)

    phone.hide()
    expect(page.connected()).toBe(false)
    await page.press('publish') // nothing is kept for later
    expect(page.messages()[0].topic).toContain('没有发出')
    phone.show()
    await until(() => page.connected())
    page.press('disconnect')
    expect(page.connected()).toBe(false)
  })

  it('keeps what was typed on the phone, and a bounded list of messages', async () => {
    const phone = new Phone()
    page = await open(phone)
    page.type({ address: proxy.url, user: 'phone', password: 'right', filter: 'home/list', topic: 'home/list' })
    page.press('connect')
    await until(() => page.connected())
    await page.press('subscribe')
    for (let i = 0; i < 60; i++) {
      page.type({ payload: String(i) })
      await page.press('publish')
    }
    await until(() => page.messages()[0]?.text === '59')
    expect(page.messages()).toHaveLength(50)
    page.leave()

    page = await open(phone)
    page.press('connect') // with the address, user and password of before
    await until(() => page.connected())
  })

  it('says what is wrong', async () => {
    page = await open(new Phone())
    page.type({ address: 'mqtt://x' })
    page.press('connect')
    expect(page.status()).toBe('地址不对 / bad address')
    page.type({ address: proxy.url, user: 'phone', password: 'wrong' })
    page.press('connect')
    await until(() => page.status() === '用户名或密码不对')
    page.type({ filter: 'a/#/b' })
    await page.press('subscribe')
    expect(page.messages()[0].topic).toContain('订阅失败')
  })
})

describe('the projects', () => {
  it("compile with WeChat's own compilers: the native one as it is, the uni-app one as it is built", async () => {
    const out = mkdtempSync(join(tmpdir(), 'minirelay-uni-'))
    try {
      await promisify(execFile)(process.execPath, [join(root, 'node_modules/.bin/uni'), 'build', '-p', 'mp-weixin'], {
        cwd: root,
        env: { ...process.env, NODE_ENV: 'production', UNI_INPUT_DIR: uniApp, UNI_OUTPUT_DIR: out },
      })
      for (const dir of [native, out]) {
        const pages = JSON.parse(readFileSync(join(dir, 'app.json'), 'utf8')).pages as string[]
        expect(pages).toEqual(['pages/mqtt/mqtt'])
        expect(compiler.wxmlToJs(dir)).toContain('pages/mqtt/mqtt.wxml')
        expect(compiler.wxssToJs(dir).length).toBeGreaterThan(1000)
      }
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  })
})
