import { shallowRef } from 'vue'
import type { CommandResult, DeviceEvent } from '@/minirelay'

type Happening = { kind: 'result'; result: CommandResult } | { kind: 'event'; event: DeviceEvent }

/** Something that has happened since the connection was opened; at: own clock, Unix ms. */
export type Entry = Happening & { key: number; at: number }

const most = 200 // entries; the oldest make room

/** What has happened, for the activity page. */
export class Log {
  private readonly kept = shallowRef<readonly Entry[]>([])
  private count = 0

  /** Newest first. */
  get entries(): readonly Entry[] {
    return this.kept.value
  }

  add(h: Happening): void {
    this.kept.value = [{ ...h, key: ++this.count, at: Date.now() }, ...this.kept.value].slice(0, most)
  }

  clear(): void {
    this.kept.value = []
  }
}
