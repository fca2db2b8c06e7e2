// The gateway's devices, as far as they are known.

import type { CommandResult } from './results'
import { isValue, parseModel, parseState, type Field, type Model, type State, type Value } from './model'
import type { CommandView, DeviceView, FieldView, ValueReason } from './views'

interface Known {
  id: string
  model: Model | null
  state: State | null // of this connection
  online: boolean | null // of this connection
  fresh: boolean // its model has come on this connection
  last: Map<string, { value: Value; ts: number }>
}

/** What Devices cannot know by itself. */
export interface Context {
  /** Why no device's values are known; null if the connection and the gateway are there. */
  blind(): ValueReason | null
  /** The gateway's clock, Unix ms; null if it is not known. */
  now(): number | null
  waiting(device: string, command: string): CommandView['waiting']
  result(device: string, command: string): CommandResult | null
  pending(device: string): number
  mayCommand(device: string): boolean
}

export class Devices {
  private readonly known = new Map<string, Known>()
  private order: unknown[] = []

  constructor(private readonly context: Context) {}

  /** Another connection: nothing that was said on the old one counts until it is said again. */
  forget(): void {
    for (const d of this.known.values()) {
      d.state = null
      d.online = null
      d.fresh = false
    }
  }

  /** Everything that the gateway keeps has come: a device that was not among it is gone. */
  settle(): void {
    for (const d of [...this.known.values()]) if (!d.fresh) this.known.delete(d.id)
  }

  /** The order in which the gateway lists its devices. */
  arrange(order: unknown[]): void {
    this.order = order
  }

  /** Takes a model. true: the list of devices has changed. */
  model(id: string, payload: string): boolean {
    if (payload === '') {
      const had = this.known.get(id)?.model
      this.known.delete(id)
      return had != null
    }
    const model = parseModel(payload)
    if (!model) return false
    const d = this.get(id)
    const first = d.model === null
    d.model = model
    d.fresh = true
    this.remember(d)
    return first
  }

  state(id: string, payload: string): void {
    const state = parseState(payload)
    if (state?.values.replay === true) return // an earlier reading that is sent late
    const d = this.get(id)
    d.state = state
    this.remember(d)
  }

  availability(id: string, payload: string): void {
    this.get(id).online = payload === 'online' ? true : payload === 'offline' ? false : null
  }

  ids(): string[] {
    const place = (id: string) => {
      const at = this.order.indexOf(id)
      return at < 0 ? this.order.length : at
    }
    return [...this.known.values()]
      .filter((d) => d.model)
      .map((d) => d.id)
      .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
  }

  view(id: string): DeviceView | null {
    const d = this.known.get(id)
    if (!d?.model) return null
    const why = this.why(d)
    const now = this.context.now()
    return {
      id,
      name: d.model.name,
      online: why === null ? true : why === 'device_offline' ? false : null,
      offlineWhy: why,
      lastSeen: d.state?.ts ?? newest(d.last),
      fields: d.model.fields.map((f) => fieldView(d, f, why, now)),
      commands: d.model.commands.map((c) => ({
        ...c,
        waiting: this.context.waiting(id, c.id),
        result: this.context.result(id, c.id),
      })),
      mayCommand: this.context.mayCommand(id),
      pending: this.context.pending(id),
    }
  }

  /** Why the device's values are not known; null if they are. */
  private why(d: Known): ValueReason | null {
    return this.context.blind() ?? (d.online === null ? 'waiting' : d.online ? null : 'device_offline')
  }

  private remember(d: Known): void {
    for (const f of d.model?.fields ?? []) {
      const v = d.state?.values[f.id]
      if (d.state && isValue(v, f.type)) d.last.set(f.id, { value: v, ts: d.state.ts })
    }
  }

  private get(id: string): Known {
    let d = this.known.get(id)
    if (!d) this.known.set(id, (d = { id, model: null, state: null, online: null, fresh: false, last: new Map() }))
    return d
  }
}

function fieldView(d: Known, f: Field, why: ValueReason | null, now: number | null): FieldView {
  const v = d.state?.values[f.id]
  const last = d.last.get(f.id)
  const base = { ...f, last: last ? { ...last } : null }
  const reason = why ?? (d.state === null ? 'waiting' : isValue(v, f.type) ? null : 'no_reading')
  if (reason !== null || d.state === null) return { ...base, value: null, reason, ts: null, age: null }
  // A gateway whose clock is not set does not know when it was.
  const aged = now !== null && d.state.values.clock !== 'unset'
  return { ...base, value: v as Value, reason: null, ts: d.state.ts, age: aged ? Math.max(0, now - d.state.ts) : null }
}

function newest(last: Known['last']): number | null {
  let ts: number | null = null
  for (const v of last.values()) ts = Math.max(ts ?? 0, v.ts)
  return ts
}
