// Values, times and reasons as people read them.

import {
  explainResult,
  formatValue,
  textOf,
  type CommandResult,
  type CommandView,
  type FieldView,
  type Name,
  type ValueReason,
} from '@/minirelay'
import { lang, t, type Word } from '@/i18n'
import { translate } from '@/i18n/sentences'

export const nameOf = (name: Name | undefined, id: string): string => textOf(name, lang.value, id)

/** The value with its unit, or — where there is none. */
export function valueOf(f: FieldView): string {
  const text = formatValue(f, lang.value)
  return f.value !== null && f.unit ? `${text} ${f.unit}` : text
}

/** A value that a command carries or a field had, in the words of c. */
export function asked(c: CommandView | FieldView, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean') return t(value ? 'on' : 'off')
  const option = c.options?.find((o) => o.value === value)
  if (option) return nameOf(option.name, option.value)
  return c.unit ? `${String(value)} ${c.unit}` : String(value)
}

const reasons: Record<ValueReason, Word> = {
  disconnected: 'why_disconnected',
  gateway_offline: 'why_gateway_offline',
  device_offline: 'why_device_offline',
  no_reading: 'why_no_reading',
  waiting: 'why_waiting',
}

export const why = (reason: ValueReason | null): string => (reason ? t(reasons[reason]) : '')

/** How long ms is, in its largest whole unit. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return t('seconds', { n: s })
  if (s < 3600) return t('minutes', { n: Math.floor(s / 60) })
  if (s < 86400) return t('hours', { n: Math.floor(s / 3600) })
  return t('days', { n: Math.floor(s / 86400) })
}

const two = (n: number): string => String(n).padStart(2, '0')

/** The time of day, with the day when it is not today. Without Intl, which some phones' mini-programs lack. */
export function timeOf(ms: number, now: number = Date.now()): string {
  const d = new Date(ms)
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
  return new Date(now).toDateString() === d.toDateString()
    ? clock
    : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock}`
}

const outcomes: Record<CommandResult['status'], Word> = {
  done: 'done',
  sent: 'sent',
  rejected: 'rejected',
  failed: 'failed',
  unknown: 'unknown',
}

/** What became of a command, in a word. */
export const outcome = (r: CommandResult): string => t(r.status === 'failed' && r.code === 'mismatch' ? 'mismatch' : outcomes[r.status])

/** Why, in a sentence; "" where the word says all. */
export function because(r: CommandResult): string {
  if (r.status === 'done' || r.status === 'sent') return ''
  const message = r.message && translate(r.message, lang.value)
  const kind = explainResult({ ...r, message }, lang.value)
  if (!message || r.code === 'refused') return kind
  // The gateway's sentence says more. One that is not translated needs at least its kind in the reader's language.
  if (lang.value === 'zh' && message === r.message) return `${kind}：${message}`
  if (r.status !== 'unknown') return message
  return `${message}${lang.value === 'zh' ? '，' : '; '}${explainResult({ ...r, code: undefined }, lang.value)}`
}
