import type { DeviceView } from '@/minirelay'
import type { Word } from '@/i18n'

/** A part of the list of devices. Its title is one of our words, or the text before a / in names. */
export interface Group {
  key: string
  word: Word | null
  text: string
  ids: string[]
}

/** Up to so many devices are one list, without search and groups. */
export const few = 10

export interface Named {
  id: string
  name: string
  device: DeviceView
}

/** Keeps the devices whose name or id holds what was typed, in any case. */
export function found(all: Named[], typed: string): Named[] {
  const part = typed.trim().toLowerCase()
  return part ? all.filter((d) => d.name.toLowerCase().includes(part) || d.id.includes(part)) : all
}

/**
 * Parts many devices into groups. A name like "Greenhouse/East" puts a device into the group Greenhouse; others are
 * grouped by what can be done with them. Devices that are offline come first: they need attention. A group
 * keeps the gateway's order.
 */
export function groups(all: Named[]): Group[] {
  if (all.length <= few) return all.length ? [{ key: 'all', word: null, text: '', ids: all.map((d) => d.id) }] : []
  const out = new Map<string, Group>()
  const attention: Group = { key: 'attention', word: 'group_attention', text: '', ids: [] }
  for (const d of all) {
    const place = d.name.includes('/') ? d.name.slice(0, d.name.indexOf('/')).trim() : ''
    const word: Word = d.device.commands.length ? 'group_switches' : 'group_sensors'
    const key = d.device.online === false ? 'attention' : place ? `/${place}` : word
    const g = key === 'attention' ? attention : (out.get(key) ?? { key, word: place ? null : word, text: place, ids: [] })
    g.ids.push(d.id)
    if (key !== 'attention') out.set(key, g)
  }
  const named = [...out.values()].filter((g) => g.text)
  const rest = (['group_switches', 'group_sensors'] as const).flatMap((w) => out.get(w) ?? [])
  return [...(attention.ids.length ? [attention] : []), ...named, ...rest]
}
