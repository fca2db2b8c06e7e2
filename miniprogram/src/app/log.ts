import { shallowRef } from 'vue'
import type { CommandResult, DeviceEvent } from '@/minirelay'

/** Something that has happened since the connection was opened; at: own clock, Unix ms. */
export type Entry =
  { key: number; at: number; kind: 'result'; result: CommandResult } | { key: number; at: number; kind: 'event'; event: DeviceEvent }

const most = 200 // entries; the oldest make room

/** Newest first. */
export const entries = shallowRef<readonly Entry[]>([])

let count = 0

type Fresh<E> = E extends Entry ? Omit<E, 'key'> : never

export function note(e: Fresh<Entry>): void {
  entries.value = [{ ...e, key: ++count } as Entry, ...entries.value].slice(0, most)
}

export function forget(): void {
  entries.value = []
}
