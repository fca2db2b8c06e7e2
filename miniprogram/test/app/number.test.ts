import { describe, expect, it } from 'vitest'
import { bytes, numberFault } from '@/app/number'

describe('a typed number', () => {
  it.each([
    ['5', {}, null],
    [' 2,5 ', { min: 0, max: 10, step: 0.5 }, null],
    ['0.3', { step: 0.1 }, null], // 0.3 / 0.1 is not 3 in binary
    ['-0', { min: 0 }, null],
    ['', {}, 'number_bad'],
    ['5 °C', {}, 'number_bad'],
    ['Infinity', {}, 'number_bad'],
    ['-1', { min: 0 }, 'number_below'],
    ['100.1', { max: 100 }, 'number_above'],
    ['7', { min: 0, step: 5 }, 'number_step'],
    ['12', { min: 2, step: 5 }, null],
  ])('%j within %j: %s', (typed, bounds, word) => {
    expect(numberFault(typed, bounds)?.word ?? null).toBe(word)
  })
})

describe('the length of a text', () => {
  it('is counted in bytes of UTF-8', () => {
    for (const text of ['', 'abc', 'é', '温室', '🌱', 'a温🌱']) expect(bytes(text)).toBe(Buffer.byteLength(text))
  })
})
