import { shallowReactive } from 'vue'
import type { DeviceView } from '@/minirelay'

/** A number at a time in Unix ms by the gateway's clock. A null ends the line: there was no valid value. */
export interface Point {
  ts: number
  value: number | null
}

const most = 600 // points of one field: ten minutes at one a second

/** The numbers of this session, for charts. */
export class History {
  private readonly lines = new Map<string, Point[]>()
  private readonly versions = shallowReactive(new Map<string, number>())

  /** Takes what a device shows now. */
  add(d: DeviceView): void {
    for (const f of d.fields) {
      if (f.type !== 'number') continue
      const key = `${d.id}/${f.id}`
      const line = this.lines.get(key) ?? []
      const last = line[line.length - 1]
      if (typeof f.value === 'number') {
        if (f.ts === null || (last && last.value !== null && last.ts >= f.ts)) continue
        line.push({ ts: Math.max(f.ts, last?.ts ?? 0), value: f.value })
      } else {
        if (!last || last.value === null) continue
        line.push({ ts: last.ts, value: null })
      }
      if (line.length > most) line.splice(0, line.length - most)
      this.lines.set(key, line)
      this.versions.set(key, (this.versions.get(key) ?? 0) + 1)
    }
  }

  /** The line of a field, oldest first. A component that renders it is rendered again when the line grows. */
  line(device: string, field: string): readonly Point[] {
    const key = `${device}/${field}`
    void this.versions.get(key)
    return this.lines.get(key) ?? []
  }

  clear(): void {
    this.lines.clear()
    this.versions.clear()
  }
}
