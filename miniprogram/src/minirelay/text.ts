import type { Field, Name, Value } from './model'

/** A name in lang, or in whatever language there is. */
export function textOf(name: Name | undefined, lang: string, fallback = ''): string {
  if (name === undefined) return fallback
  if (typeof name === 'string') return name
  return name[lang] ?? name.en ?? name.zh ?? Object.values(name)[0] ?? fallback
}

/** A value as people read it, without its unit; "—" if there is none. */
export function formatValue(field: Pick<Field, 'type' | 'decimals' | 'options'> & { value: Value | null }, lang: string): string {
  const v = field.value
  if (v === null) return '—'
  if (typeof v === 'boolean') return lang === 'zh' ? (v ? '开' : '关') : v ? 'On' : 'Off'
  if (typeof v === 'number') return field.decimals === undefined ? String(v) : v.toFixed(Math.min(20, Math.max(0, field.decimals)))
  const option = field.options?.find((o) => o.value === v)
  return option ? textOf(option.name, lang, v) : v
}
