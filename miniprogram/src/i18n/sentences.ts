// The gateway's English sentences in the reader's language: the message of a result, for one.

import type { Lang } from './index'
import chinese from './gateway.json'

/**
 * English with {} for each hole → Chinese with {} for the same holes in order, or {1}, {2} to re-order them. The value of
 * {、} is a list: English separates its items by commas, Chinese by 、.
 */
export type Table = Record<string, string>

interface Pattern {
  /** How many characters of it are not holes. */
  literal: number
  match: RegExp
  chinese: string
}

/** A translator for table. Of several patterns that fit, the one with the most literal characters wins. */
export function translator(table: Table): (sentence: string) => string {
  const exact = new Map<string, string>()
  const patterns: Pattern[] = []
  for (const [english, text] of Object.entries(table)) {
    const parts = english.split('{}')
    const literal = parts.join('').length
    if (parts.length === 1) exact.set(english, text)
    else if (literal > 0) patterns.push({ literal, match: new RegExp(`^${parts.map(escape).join('([^]+?)')}$`), chinese: text })
  }
  patterns.sort((a, b) => b.literal - a.literal)

  const translate = (sentence: string): string => {
    const whole = exact.get(sentence)
    if (whole !== undefined) return whole
    for (const p of patterns) {
      const m = p.match.exec(sentence)
      if (m) return fill(p.chinese, m.slice(1), translate) // each hole is shorter, so this ends
    }
    return sentence
  }
  return translate
}

/** Puts values, translated, into {1}, {2} and, in order, into each {}. */
function fill(text: string, values: string[], translate: (value: string) => string): string {
  let next = 0
  return text.replace(/\{(\d*)(、?)\}/g, (_, n: string, list: string) => {
    const value = values[n ? Number(n) - 1 : next++] ?? ''
    return list ? value.split(', ').map(translate).join(list) : translate(value)
  })
}

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

const toChinese = translator(chinese)

/** A sentence of the gateway in language; one that the table does not have stays as it is. */
export const translate = (sentence: string, language: Lang): string => (language === 'zh' ? toChinese(sentence) : sentence)
