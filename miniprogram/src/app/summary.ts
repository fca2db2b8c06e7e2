import type { CommandView, DeviceView, FieldView } from '@/minirelay'

const mostValues = 3
const mostSwitches = 4

/** What a card shows of a device: the values that matter most, and the switches that can be used right there. */
export interface Summary {
  values: FieldView[]
  switches: CommandView[]
  more: number
}

/**
 * Chooses what a card shows, in the order of the file: numbers before other values, and no field that a switch of
 * the card shows already.
 */
export function summaryOf(d: DeviceView): Summary {
  const switches = d.commands.filter((c) => c.type === 'bool' && c.field !== undefined).slice(0, mostSwitches)
  const shown = new Set(switches.map((c) => c.field))
  const rest = d.fields.filter((f) => !shown.has(f.id))
  const numbers = rest.filter((f) => f.type === 'number')
  const values = [...numbers, ...rest.filter((f) => f.type !== 'number')].slice(0, mostValues)
  return { values, switches, more: d.commands.length - switches.length }
}

/** The field that shows what a command does. */
export const shownBy = (d: DeviceView, c: CommandView): FieldView | null => d.fields.find((f) => f.id === c.field) ?? null
