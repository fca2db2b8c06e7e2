// What a wire view shows: the newest records of one port, as they are to be read.

import { shallowRef } from 'vue'
import { ApiError, watchWire, type Counts, type WireRecord } from './api'

/** A line of the view. */
export interface Row {
  key: number
  ts: number
  kind: 'in' | 'out' | 'frame' | 'dropped' | 'missed'
  hex: string
  text: string
  device: string
  detail: string
}

const most = 300 // rows; the oldest make room
const again = 2000 // ms until an ended view is opened again

/** Follows one port until it is stopped, and opens the view again when the gateway ends it. */
export class Wire {
  readonly rows = shallowRef<readonly Row[]>([])
  readonly counts = shallowRef<Counts>({})
  readonly open = shallowRef<boolean | null>(null)
  readonly trouble = shallowRef('')
  readonly error = shallowRef<unknown>(null)
  readonly ended = shallowRef(false)
  held = false

  private count = 0
  private waiting: Row[] = []
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly stopped = new AbortController()

  constructor(readonly port: string) {
    void this.follow()
  }

  stop(): void {
    this.stopped.abort()
    clearTimeout(this.timer)
  }

  private async follow(): Promise<void> {
    try {
      await watchWire(this.port, this.stopped.signal, (r) => this.take(r))
    } catch (e) {
      if (this.stopped.signal.aborted) return
      if (e instanceof ApiError && e.code !== 'unreachable') {
        this.error.value = e
        return
      }
    }
    this.ended.value = true
    this.timer = setTimeout(() => this.follow(), again)
  }

  private take(r: WireRecord): void {
    this.ended.value = false
    if (r.counts) this.counts.value = r.counts
    if (r.open !== undefined) {
      this.open.value = r.open
      this.trouble.value = r.trouble ?? ''
    }
    const row = rowOf(r, ++this.count)
    if (!row) return
    this.waiting.push(row)
    if (this.waiting.length === 1) setTimeout(() => this.show(), 150)
  }

  private show(): void {
    const fresh = this.waiting
    this.waiting = []
    if (!this.held) this.rows.value = [...this.rows.value, ...fresh].slice(-most)
  }
}

/** The line for a record, null for one that has no line. */
export function rowOf(r: WireRecord, key: number): Row | null {
  const row = { key, ts: r.ts, hex: '', text: '', device: '', detail: '' }
  if (r.dir) return { ...row, kind: r.dir, hex: spaced(r.hex ?? ''), text: r.text ?? '' }
  if (r.missed) return { ...row, kind: 'missed', detail: String(r.missed) }
  if (!r.frame) return null
  const { hex, text, device, ok, fields, why } = r.frame
  const detail = ok
    ? Object.entries(fields ?? {})
        .map(([k, v]) => `${k} = ${v === null ? '—' : String(v)}`)
        .join(', ')
    : (why ?? '')
  return { ...row, kind: ok ? 'frame' : 'dropped', hex: spaced(hex), text, device: device ?? '', detail }
}

const spaced = (hex: string): string => hex.replace(/(..)(?=.)/g, '$1 ')
