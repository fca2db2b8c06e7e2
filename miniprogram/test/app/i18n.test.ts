import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { en, type Words } from '@/i18n/en'
import { zh } from '@/i18n/zh'

const src = fileURLToPath(new URL('../../src', import.meta.url))
const sources = readdirSync(src, { recursive: true })
  .map(String)
  .filter((f) => /\.(vue|ts)$/.test(f) && !/^(i18n|minirelay)\//.test(f))
  .map((f) => readFileSync(join(src, f), 'utf8'))
  .join('\n')
/** The texts in English of a source: between single quotes, without Chinese. */
const texts = (file: string) =>
  [...readFileSync(join(src, file), 'utf8').matchAll(/'([^'\n]*)'/g)].map((m) => m[1]).filter((t) => !/[\u4e00-\u9fff]/.test(t))
const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

describe('the words of the screens', () => {
  it('have the same places to fill in both languages', () => {
    for (const key of Object.keys(en) as (keyof Words)[]) expect(places(zh[key]), key).toEqual(places(en[key]))
  })

  it('are all used', () => {
    const unused = Object.keys(en).filter((key) => !new RegExp(`['"\`]${key}['"\`]`).test(sources))
    expect(unused).toEqual([])
  })

  it('have the quotes and apostrophes of a typewriter in English: Chinese fonts draw the others as wide as a Han character', () => {
    for (const [key, text] of Object.entries(en)) expect(text, key).not.toMatch(/[‘’“”]/)
    for (const text of texts('minirelay/explain.ts')) expect(text).not.toMatch(/[‘’“”]/)
  })

  it('are Chinese in Chinese, with Chinese punctuation', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect(text, key).not.toMatch(/[\u4e00-\u9fff][,:;?!]|[,:;?!][\u4e00-\u9fff]/)
    }
  })
})
