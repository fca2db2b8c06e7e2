// Plain English on the screens, and in what the library says to people: words that make it read like a translation
// stay out.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { en } from '@/i18n/en'
import { zh } from '@/i18n/zh'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Words that the screens do not use, and what to write instead. */
const odd: [RegExp, string][] = [
  [/\btell(s|ing)?\b|\btold\b/i, 'say, report, show, print'],
  [/\banew\b/i, 'again'],
  [/\bin so long\b|\bso (many|long|much) as\b/i, 'at most one per interval'],
  [/(?<!there )\b(is|are) no (?!longer\b)/i, 'is not a'],
  [/(^|[.:;] )(who|what|whoever|whatever)\b(?!.*\?)/i, 'a noun as the subject'],
  [/\bwho may\b|\bmay not\b/i, 'is (not) allowed to'],
  [/\bmend(s|ed)?\b/i, 'fix'],
  [/\bof that name\b/i, 'unknown'],
  [/\bbelongs? into\b/i, 'belongs in'],
  [/\bthe (least|most) is\b/i, 'minimum, maximum'],
  [/\bstands? (in|beside|behind|twice)\b/i, 'is'],
  [/\bnobody (can|could) know\b/i, 'it is not known'],
  [/\b(a|the) good (reading|value|frame|one)\b|\blast good\b|\bno good\b/i, 'valid'],
  [/\bby itself\b/i, 'automatically'],
  [/\b(reads?|is|are) \w* ?otherwise\b/i, 'a different value'],
  [/\bhis\b/i, 'their'],
]

/** The texts in English of a source: everything between quotes that has a blank in it and no Chinese. */
function texts(file: string): string[] {
  const code = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  return [...code.matchAll(/(['`])((?:(?!\1)[^\\\n]|\\.)*)\1/g)].map((m) => m[2]).filter((t) => / /.test(t) && !/[\u4e00-\u9fff]/.test(t))
}

function expectPlain(text: string, where: string): void {
  for (const [word, instead] of odd) expect(text, `${where}: instead write ${instead}`).not.toMatch(word)
}

describe('English', () => {
  it('is plain on the screens', () => {
    for (const [key, text] of Object.entries(en)) expectPlain(text, key)
  })

  const library = readdirSync(join(root, 'src/minirelay')).filter((f) => f.endsWith('.ts'))
  it.each(library)('is plain in %s', (file) => {
    for (const text of texts(`src/minirelay/${file}`)) expectPlain(text, file)
  })

  const sources = readdirSync(join(root, 'src'), { recursive: true })
    .map(String)
    .filter((f) => /\.(ts|vue)$/.test(f))
  it.each(sources)('is plain in the comments of %s', (file) => {
    const text = readFileSync(join(root, 'src', file), 'utf8')
    for (const [comment] of text.matchAll(/\/\/ .*|\/\*[^]*?\*\//g)) {
      expect(comment).not.toMatch(/\b(tell|tells|told|anew|mend|whoever|his|him)\b|nobody (can|could|knows)|in so long|belongs? into/i)
      expect(comment).not.toMatch(/(?<!there )\b(is|are) no (?!longer\b)/i)
    }
  })
})

describe('Chinese', () => {
  it('has a space between Chinese and Latin or digits, or full-width punctuation', () => {
    for (const [key, text] of Object.entries(zh)) {
      expect(text, key).not.toMatch(/[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]/)
      expect(text, key).not.toMatch(/板子|中枢|读回|编号/)
    }
  })
})
