import { computed, shallowRef } from 'vue'
import { en, type Words } from './en'
import { zh } from './zh'

export type Lang = 'zh' | 'en'
export type Word = keyof Words

const source = shallowRef<() => Lang>(() => 'en')

/** The language of the screens. */
export const lang = computed<Lang>(() => source.value())

/** Hands in the language of the screens: whatever language() returns from now on. */
export function speak(language: () => Lang): void {
  source.value = language
}

/** The words for key in the language of the screens, with {names} filled in. */
export function t(key: Word, fill: Record<string, string | number> = {}): string {
  const text = (lang.value === 'zh' ? zh : en)[key]
  return text.replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ''))
}
