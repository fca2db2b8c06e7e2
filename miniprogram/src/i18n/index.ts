import { computed } from 'vue'
import { systemLanguage } from '@/app/platform'
import { settings } from '@/app/settings'
import { en, type Words } from './en'
import { zh } from './zh'

export type Lang = 'zh' | 'en'
export type Word = keyof Words

/** The language of the screens: as chosen, else the system's, else English. */
export const lang = computed<Lang>(() => (settings.language !== 'system' ? settings.language : /^zh/i.test(systemLanguage()) ? 'zh' : 'en'))

/** The words for key in the language of the screens, with {names} filled in. */
export function t(key: Word, fill: Record<string, string | number> = {}): string {
  const text = (lang.value === 'zh' ? zh : en)[key]
  return text.replace(/\{(\w+)\}/g, (_, name) => String(fill[name] ?? ''))
}
