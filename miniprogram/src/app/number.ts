import type { Word } from '@/i18n'

export interface Bounds {
  min?: number
  max?: number
  step?: number
}

/** What is wrong with a number as it was typed, null for nothing. A comma may stand for the point. */
export function numberFault(typed: string, b: Bounds): { word: Word; fill: Record<string, number> } | null {
  const text = typed.trim().replace(',', '.')
  const n = Number(text)
  if (text === '' || !Number.isFinite(n)) return { word: 'number_bad', fill: {} }
  if (b.min !== undefined && n < b.min) return { word: 'number_below', fill: { min: b.min } }
  if (b.max !== undefined && n > b.max) return { word: 'number_above', fill: { max: b.max } }
  const from = b.min ?? 0
  if (b.step) {
    const steps = (n - from) / b.step
    if (Math.abs(steps - Math.round(steps)) > 1e-6) return { word: 'number_step', fill: { step: b.step, min: from } }
  }
  return null
}

/** How many bytes a text has in UTF-8, which is what a mapping's max_length counts. */
export function bytes(text: string): number {
  let n = 0
  for (const c of text) {
    const point = c.codePointAt(0) ?? 0
    n += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return n
}
