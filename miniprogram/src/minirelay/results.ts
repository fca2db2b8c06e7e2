// How commands end.

import { parseObject } from './model'

export type Status = 'done' | 'sent' | 'rejected' | 'failed' | 'unknown'

export type ResultCode =
  // rejected: nothing was written
  | 'bad_request'
  | 'unknown_device'
  | 'unknown_command'
  | 'bad_value'
  | 'out_of_range'
  | 'forbidden'
  | 'expired'
  | 'retained'
  | 'superseded'
  | 'busy'
  | 'offline'
  | 'stopping'
  // failed: the hardware refused, reads back a different value, or the line failed
  | 'refused'
  | 'mismatch'
  | 'io_error'
  // unknown: the outcome is not known. The second one comes from this library only.
  | 'no_answer'
  | 'connection_lost'

/** The one result of a command. */
export interface CommandResult {
  id: string
  device: string
  command: string
  value?: unknown
  status: Status
  code?: ResultCode
  /** One sentence of the gateway or the hardware that may be shown; explainResult has words of our own. */
  message?: string
  /** How long it took on the gateway. */
  ms?: number
  /** When it ended, Unix ms by the gateway's clock. */
  ts: number
  /** Whose command it was. */
  by?: string
  /** The command had been given before; this is the result of that time. */
  repeat?: boolean
  /** Given by this Gateway object. */
  mine: boolean
  /** By this library and not by the gateway: nothing was sent, or no result came back. */
  local: boolean
  /** The gateway's result of a command that had been given up as unknown. */
  late?: boolean
}

const statuses: readonly string[] = ['done', 'sent', 'rejected', 'failed', 'unknown']

/** Reads a `result` message; null if it is none. */
export function parseResult(device: string, text: string): CommandResult | null {
  const j = parseObject(text)
  if (!j || typeof j.status !== 'string' || !statuses.includes(j.status)) return null
  const result: CommandResult = {
    id: typeof j.id === 'string' ? j.id : '',
    device,
    command: typeof j.command === 'string' ? j.command : '',
    status: j.status as Status,
    ts: typeof j.ts === 'number' ? j.ts : 0,
    mine: false,
    local: false,
  }
  if (j.value !== undefined) result.value = j.value
  if (typeof j.code === 'string') result.code = j.code as ResultCode
  if (typeof j.message === 'string') result.message = j.message
  if (typeof j.ms === 'number') result.ms = j.ms
  if (typeof j.by === 'string') result.by = j.by
  if (j.repeat === true) result.repeat = true
  return result
}
