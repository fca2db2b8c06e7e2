// What is built for the platforms: small enough, and compiled by WeChat's own compilers.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compiled } from './packed'

const files = readdirSync(compiled, { recursive: true })
  .map(String)
  .filter((f) => statSync(join(compiled, f)).isFile())
const text = (f: string) => readFileSync(join(compiled, f), 'utf8')

describe('the compiled mini-program', () => {
  it('is a main package under 400 KB', () => {
    const bytes = files.reduce((n, f) => n + statSync(join(compiled, f)).size, 0)
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThan(400_000)
  })

  it('is taken by WeChat’s compilers of templates and styles', () => {
    const wechat = createRequire(import.meta.url)('miniprogram-compiler') as {
      wxmlToJs(dir: string): string
      wxssToJs(dir: string): string
    }
    expect(wechat.wxmlToJs(compiled)).toContain('pages/devices/index.wxml')
    expect(wechat.wxssToJs(compiled)).toContain('pages/devices/index.wxss')
  })

  it('can be opened by DevTools: a project with an appid for trying, and every file that app.json names', () => {
    const project = JSON.parse(text('project.config.json')) as { appid: string; compileType: string }
    expect(project).toMatchObject({ appid: 'touristappid', compileType: 'miniprogram' })
    const app = JSON.parse(text('app.json')) as { pages: string[]; tabBar: { list: { iconPath: string; selectedIconPath: string }[] } }
    const named = [
      ...app.pages.flatMap((p) => ['js', 'json', 'wxml'].map((e) => `${p}.${e}`)),
      ...app.tabBar.list.flatMap((t) => [t.iconPath, t.selectedIconPath]),
    ]
    expect(named.filter((f) => !files.includes(f))).toEqual([])
  })

  it('has no code for the page, and no name that WeChat does not have', () => {
    const foreign = /\b(document|localStorage|sessionStorage|XMLHttpRequest|TextEncoder|TextDecoder)\b/
    // uni-app's own code, and the library's adapter for browsers, ask first whether there is such a name.
    const code = files.filter((f) => f.endsWith('.js') && !f.startsWith('common/') && f !== 'minirelay/adapters.js')
    expect(code.filter((f) => foreign.test(text(f)))).toEqual([])
  })
})

describe.each(['mp-alipay', 'mp-toutiao'])('the build for %s', (platform) => {
  it('has every page', () => {
    const dir = join(compiled, '..', platform)
    const { pages } = JSON.parse(readFileSync(join(dir, 'app.json'), 'utf8')) as { pages: string[] }
    const suffix = platform === 'mp-alipay' ? 'axml' : 'ttml'
    for (const p of pages) expect(statSync(join(dir, `${p}.${suffix}`)).size).toBeGreaterThan(0)
    expect(pages).toContain('pages/devices/index')
  })
})
