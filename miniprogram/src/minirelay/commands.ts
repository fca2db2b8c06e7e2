// Own commands, from the tap to the one result of each.

import type { GatewayClock } from './clock'
import { MqttError } from './errors'
import { randomText } from './random'
import { parseResult, type CommandResult, type ResultCode, type Status } from './results'

export interface CommandOptions {
  /** How long the command may wait before the hardware gets it, in ms; 5000 if left out. */
  expiresIn?: number
  /**
   * How long to wait for the result before it counts as unknown, in ms. If left out 70000: a mapping may give its hardware a
   * minute to answer, and a connection that is dead ends the command much earlier.
   */
  timeout?: number
}

/** What Commands needs of the gateway's connection. */
export interface CommandContext {
  /** Whether a command can be sent at this moment. */
  online(): boolean
  /** Whether the user may, as far as is known. */
  allowed(device: string): boolean
  /** Makes sure that the gateway's clock is known; false if it cannot be known now. */
  clock(): Promise<boolean>
  /** Publishes at QoS 1 without ever waiting for a connection or sending again. */
  send(device: string, payload: string): Promise<void>
  /** A command has begun to wait, or ended. */
  changed(device: string): void
  ended(result: CommandResult): void
}

interface Open {
  id: string
  device: string
  command: string
  value: unknown
  timer: ReturnType<typeof setTimeout> | undefined
  resolve(result: CommandResult): void
}

/** The longest that a gateway may take for a result, in ms: max_age or timeout of 60 s, and some more. */
const longestAnswer = 70_000
/** Commands on their way at a time. */
const capacity = 32
/** Ids of commands that were given up, whose results may still come. */
const remembered = 64

export class Commands {
  private readonly open = new Map<string, Open>()
  private givenUp: string[] = []
  private readonly last = new Map<string, CommandResult>()

  constructor(
    private readonly context: CommandContext,
    private readonly time: GatewayClock,
  ) {}

  give(device: string, command: string, value: unknown, o: CommandOptions): Promise<CommandResult> {
    const id = `c-${randomText(16)}`
    return new Promise((resolve) => {
      const entry: Open = { id, device, command, value, timer: undefined, resolve }
      if (!this.context.online()) return this.end(entry, 'rejected', 'offline')
      if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(device)) return this.end(entry, 'rejected', 'unknown_device')
      // The broker drops such a command silently, which looks like a lost answer.
      if (!this.context.allowed(device)) return this.end(entry, 'rejected', 'forbidden')
      if (!encodable(value)) return this.end(entry, 'rejected', 'bad_value')
      if (this.open.size >= capacity) return this.end(entry, 'rejected', 'busy')
      this.open.set(id, entry)
      this.context.changed(device)
      void this.send(entry, o)
    })
  }

  private async send(e: Open, o: CommandOptions): Promise<void> {
    // Without the gateway's time nothing could keep a frame that is stuck in the network from arriving late.
    const clock = await this.context.clock()
    if (!this.open.has(e.id)) return
    if (!clock || !this.context.online()) return this.end(e, 'rejected', 'offline')
    e.timer = setTimeout(() => this.giveUp(e, 'no_answer'), o.timeout ?? longestAnswer)
    const payload: Record<string, unknown> = { id: e.id, command: e.command }
    if (e.value !== undefined) payload.value = e.value
    payload.expires = this.time.in(o.expiresIn ?? 5000)
    try {
      await this.context.send(e.device, JSON.stringify(payload))
    } catch (error) {
      if (!this.open.has(e.id)) return
      const code = error instanceof MqttError ? error.code : 'offline'
      if (code === 'connection_lost') this.giveUp(e, 'connection_lost')
      else this.end(e, 'rejected', code === 'queue_full' ? 'busy' : 'offline') // it never left
    }
  }

  /** Takes a message on a device's result topic. */
  result(device: string, payload: string): void {
    const r = parseResult(device, payload)
    if (!r) return
    const e = this.open.get(r.id)
    if (e) return this.finish(e, { ...r, mine: true })
    const late = this.givenUp.includes(r.id)
    if (late) this.givenUp = this.givenUp.filter((id) => id !== r.id)
    const result: CommandResult = late ? { ...r, mine: true, late: true } : r
    if (late) {
      this.last.set(key(device, r.command), result)
      this.context.changed(device)
    }
    this.context.ended(result)
  }

  /** The connection, or the gateway, is gone: results of commands that were sent will not arrive in time, the others were never sent. */
  down(): void {
    for (const e of [...this.open.values()]) {
      if (e.timer === undefined) this.end(e, 'rejected', 'offline')
      else this.giveUp(e, 'connection_lost')
    }
  }

  waiting(device: string, command: string): { id: string; value: unknown } | null {
    for (const e of this.open.values()) if (e.device === device && e.command === command) return { id: e.id, value: e.value }
    return null
  }

  lastResult(device: string, command: string): CommandResult | null {
    return this.last.get(key(device, command)) ?? null
  }

  pending(device: string): number {
    let n = 0
    for (const e of this.open.values()) if (e.device === device) n++
    return n
  }

  private giveUp(e: Open, code: ResultCode): void {
    this.givenUp = [...this.givenUp, e.id].slice(-remembered)
    this.end(e, 'unknown', code)
  }

  private end(e: Open, status: Status, code: ResultCode): void {
    const result: CommandResult = {
      id: e.id,
      device: e.device,
      command: e.command,
      status,
      code,
      ts: this.time.now(),
      mine: true,
      local: true,
    }
    if (e.value !== undefined) result.value = e.value
    this.finish(e, result)
  }

  private finish(e: Open, result: CommandResult): void {
    clearTimeout(e.timer)
    this.open.delete(e.id)
    this.last.set(key(e.device, e.command), result)
    e.resolve(result)
    this.context.changed(e.device)
    this.context.ended(result)
  }
}

const key = (device: string, command: string) => `${device}/${command}`

/** Whether value can be written as JSON: no ring of objects, no bigint. */
function encodable(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}
