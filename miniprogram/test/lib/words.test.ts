// Addresses, names, values and words for people.

import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  addressURL,
  explain,
  explainReason,
  explainResult,
  explainValue,
  formatAddress,
  formatValue,
  matches,
  parseAddress,
  textOf,
  type Address,
  type CommandResult,
  type GatewayReason,
  type ValueReason,
} from '@/minirelay'
import { foundBy, searches } from '@/minirelay/search'

describe('an address', () => {
  it.each<[string, Partial<Address>]>([
    [
      'minirelay://192.168.1.10:8443?gw=home&user=phone',
      { host: '192.168.1.10', port: 8443, tls: true, url: 'wss://192.168.1.10:8443/mqtt', gateway: 'home', user: 'phone' },
    ],
    ['minirelay://pi.local:8080?gw=home&user=%E6%89%8B%E6%9C%BA&tls=0', { tls: false, url: 'ws://pi.local:8080/mqtt', user: '手机' }],
    ['wss://Example.com/mqtt', { host: 'example.com', port: 443, tls: true, url: 'wss://example.com/mqtt' }],
    ['wss://example.com:443/', { url: 'wss://example.com/mqtt' }],
    ['ws://192.168.1.10:8080/broker', { tls: false, port: 8080, path: '/broker', url: 'ws://192.168.1.10:8080/broker' }],
    ['https://192.168.1.10:8443/#/devices', { tls: true, url: 'wss://192.168.1.10:8443/mqtt' }],
    [' 192.168.1.10 ', { port: 8443, tls: true, url: 'wss://192.168.1.10:8443/mqtt' }],
    ['pi:9000', { host: 'pi', port: 9000 }],
    ['[fe80::1]:8443', { host: '[fe80::1]', url: 'wss://[fe80::1]:8443/mqtt' }],
  ])('%j', (text, right) => expect(parseAddress(text)).toMatchObject(right))

  it.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['mqtt://x', 'bad_scheme'],
    ['minirelay://', 'bad_host'],
    ['a b', 'bad_host'],
    ['me@host', 'bad_host'],
    ['host:0', 'bad_port'],
    ['host:65536', 'bad_port'],
    ['host:x', 'bad_port'],
    ['minirelay://h?gw=A%2Fb', 'bad_gateway'],
  ])('%j is %s', (text, error) => expect(parseAddress(text)).toEqual({ error }))

  it('is read as it was written', () => {
    for (const a of [
      { host: 'h', port: 1, tls: true },
      { host: 'h', port: 443, tls: true, path: '/farm/mqtt' },
      { host: '[::1]', port: 80, tls: false, gateway: 'home', user: '手机 & co' },
    ]) {
      expect(parseAddress(formatAddress(a))).toMatchObject(a)
    }
    expect(addressURL({ host: 'h' })).toBe('wss://h:8443/mqtt')
  })
})

describe('a filter', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a', 'a/b', false],
    ['a/b', 'a', false],
    ['+', '', true],
  ])('%s and the topic %s: %s', (filter, topic, right) => expect(matches(filter, topic)).toBe(right))
})

describe('a text', () => {
  it('is there in some language', () => {
    expect(textOf('温室', 'en')).toBe('温室')
    expect(textOf({ zh: '温室', en: 'Greenhouse' }, 'zh')).toBe('温室')
    expect(textOf({ fr: 'Serre' }, 'zh')).toBe('Serre')
    expect(textOf(undefined, 'zh', 'greenhouse')).toBe('greenhouse')
  })

  it('shows a value as people read it', () => {
    expect(formatValue({ type: 'number', decimals: 1, value: 21 }, 'zh')).toBe('21.0')
    expect(formatValue({ type: 'number', value: 0.25 }, 'zh')).toBe('0.25')
    expect(formatValue({ type: 'bool', value: true }, 'zh')).toBe('开')
    expect(formatValue({ type: 'bool', value: false }, 'en')).toBe('Off')
    expect(formatValue({ type: 'enum', value: 'auto', options: [{ value: 'auto', name: { zh: '自动' } }] }, 'zh')).toBe('自动')
    expect(formatValue({ type: 'text', value: null }, 'zh')).toBe('—')
  })
})

describe('a search', () => {
  it('begins with the usual topics, and takes only what a gateway says of itself', () => {
    expect(searches(null, null)).toEqual([['minirelay/+/info'], ['+/+/info', '+/+/+/info', '+/+/+/+/info']])
    expect(searches('farm/7', 'home')).toEqual([['farm/7/home/info']])
    expect(foundBy('farm/7/home/info', '{"gateway":"home"}')).toMatchObject({ root: 'farm/7', id: 'home' })
    expect(foundBy('some/body/info', '{"gateway":"home"}')).toBeNull()
    expect(foundBy('some/body/info', 'hello')).toBeNull()
    expect(foundBy('home/info', '{"gateway":"home"}')).toBeNull()
  })
})

const source = (file: string) => readFileSync(fileURLToPath(new URL(`../../src/minirelay/${file}`, import.meta.url)), 'utf8')
const listed = (file: string, begin: string, end: string) => {
  const text = source(file)
  return [...text.slice(text.indexOf(begin), text.indexOf(end, text.indexOf(begin))).matchAll(/'([a-z_]+)'/g)].map((m) => m[1])
}

describe('words for people', () => {
  it('exist for every reason, in both languages', () => {
    const reasons = [
      ...listed('reasons.ts', 'type OfflineReason', '\n\n'),
      'not_subscribed',
      'no_gateway',
      'gateway_offline',
    ] as GatewayReason[]
    expect(reasons.length).toBeGreaterThan(18)
    for (const reason of reasons) {
      for (const lang of ['zh', 'en'] as const) {
        const { title, hint } = explainReason(reason, lang)
        expect(title).not.toBe('')
        if (reason !== 'closed') expect(hint).not.toBe('')
        expect(/[\u4e00-\u9fff]/.test(title)).toBe(lang === 'zh')
      }
    }
    for (const reason of listed('views.ts', 'type ValueReason', '\n\n') as ValueReason[]) expect(explainValue(reason, 'zh')).not.toBe('')
  })

  it('describe the state', () => {
    expect(explain({ status: 'online', since: 0 }, 'zh')).toEqual({ title: '', hint: '' })
    expect(explain({ status: 'connecting', since: 0, attempt: 3, last: 'certificate' }, 'en')).toMatchObject({
      title: 'Connecting…',
      hint: expect.stringContaining('authority'),
    })
    expect(explain({ status: 'offline', since: 0, reason: 'wrong_password', detail: '', retryAt: null, final: true }, 'zh').title).toBe(
      '用户名或密码不对',
    )
  })

  it("say how a command ended, with the board's own words", () => {
    const r = (o: Partial<CommandResult>): CommandResult => ({
      id: '',
      device: '',
      command: '',
      status: 'failed',
      ts: 0,
      mine: true,
      local: false,
      ...o,
    })
    expect(explainResult(r({ code: 'refused', message: 'dry well' }), 'zh')).toBe('设备拒绝：dry well')
    expect(explainResult(r({ status: 'done' }), 'en')).toBe('done')
    for (const code of listed('results.ts', 'type ResultCode', '\n\n') as CommandResult['code'][]) {
      expect(explainResult(r({ code }), 'zh')).toMatch(/[\u4e00-\u9fff]/)
      expect(explainResult(r({ code }), 'en')).not.toMatch(/[\u4e00-\u9fff]/)
    }
    expect(explainResult(r({ code: 'brand_new' as CommandResult['code'] }), 'en')).toBe('failed')
  })
})

describe('the source', () => {
  it('uses nothing that mini-programs lack', () => {
    const files = readdirSync(fileURLToPath(new URL('../../src/minirelay', import.meta.url))).filter((f) => f.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(20)
    for (const file of files) {
      const code = source(file)
        .replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
        .replace(/\r/g, '')
      expect(code, file).not.toMatch(
        /\b(TextEncoder|TextDecoder|Buffer|process|URL|URLSearchParams|btoa|atob|setInterval|structuredClone|crypto)\s*[.(]/,
      )
      for (const [, from] of code.matchAll(/from '([^']+)'/g)) expect(from, file).toMatch(/^\.\//)
    }
  })
})
