import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '@/minirelay/base64'
import { decodeUTF8, encodeUTF8, lengthUTF8, strictUTF8 } from '@/minirelay/utf8'
import { random, randomBytes } from './random'

const texts = ['', 'a', '温室 21.5 °C', '💧🌡️', '\0', '\uffff', '\ud800', '\udc00x', 'a\ud83d', '\ud83d\ud83d\ude00', 'é'.repeat(9000)]

describe('UTF-8', () => {
  it.each(texts)('encodes %j as TextEncoder does', (text) => {
    expect(encodeUTF8(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)))
    expect(lengthUTF8(text)).toBe(new TextEncoder().encode(text).length)
  })

  it('decodes whatever comes as TextDecoder does', () => {
    const pieces = [
      [0x41],
      [0xc3, 0xa9],
      [0xe6, 0xb8, 0xa9],
      [0xf0, 0x9f, 0x92, 0xa7],
      [0x80],
      [0xc0],
      [0xe0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90],
      [0xf0, 0x9f],
      [0xff],
      [0xe6, 0xb8],
      [0xf4, 0x8f, 0xbf, 0xbf],
    ]
    const whole = new TextDecoder('utf-8', { ignoreBOM: true })
    const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
    const next = random(1)
    for (let i = 0; i < 3000; i++) {
      const bytes =
        i % 2 ? randomBytes(next, 12) : new Uint8Array(Array.from({ length: 5 }, () => pieces[Math.floor(next() * pieces.length)]).flat())
      expect(decodeUTF8(bytes)).toBe(whole.decode(bytes))
      let right: string | null = null
      try {
        right = strict.decode(bytes)
      } catch {
        // It is not UTF-8.
      }
      expect(strictUTF8(bytes)).toBe(right)
    }
  })
})

describe('base64', () => {
  it('agrees with Buffer in both directions', () => {
    const next = random(2)
    for (let i = 0; i < 300; i++) {
      const bytes = randomBytes(next, i % 50)
      const text = Buffer.from(bytes).toString('base64')
      expect(encodeBase64(bytes)).toBe(text)
      expect(decodeBase64(text)).toEqual(bytes)
    }
  })

  it.each(['a', 'ab=c', 'a===', '!!!!'])('does not take %j', (text) => expect(decodeBase64(text)).toBeNull())
})
