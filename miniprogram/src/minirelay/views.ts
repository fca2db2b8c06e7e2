// Plain snapshots for screens: nothing changes them afterwards.

import type { Command, Field, Name, Value } from './model'
import type { CommandResult } from './results'

/** Why there is no valid value, or no device. */
export type ValueReason =
  | 'disconnected' // this phone has no connection
  | 'gateway_offline' // the broker has lost the gateway
  | 'device_offline'
  | 'no_reading' // the gateway says that it has no valid reading
  | 'waiting' // the gateway has not said anything yet

export interface FieldView extends Field {
  /** What the hardware reports, or null: then `reason` says why it is not known. */
  value: Value | null
  reason: ValueReason | null
  /** When it was taken, Unix ms by the gateway's clock. */
  ts: number | null
  /** How old it is now, in ms; null without a value or as long as the gateway's clock is not known. */
  age: number | null
  /** The last valid value: show it as an earlier value, never as the current one. */
  last: { value: Value; ts: number } | null
}

export interface CommandView extends Command {
  /** The own command that is on its way. */
  waiting: { id: string; value: unknown } | null
  /** How the last own command ended. */
  result: CommandResult | null
}

export interface DeviceView {
  id: string
  name: Name | undefined
  /** null: not known. */
  online: boolean | null
  /** Why online is not true. */
  offlineWhy: ValueReason | null
  /** When its newest reading was taken, Unix ms by the gateway's clock. */
  lastSeen: number | null
  fields: FieldView[]
  commands: CommandView[]
  /** Whether the user may give it commands, as far as is known. */
  mayCommand: boolean
  /** How many own commands are on their way. */
  pending: number
}
