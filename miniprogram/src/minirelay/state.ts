// The state of a gateway, and its events.

import type { ConnectionState } from './connection'
import type { GatewayInfo } from './model'
import type { OfflineReason } from './reasons'
import type { CommandResult } from './results'
import type { DeviceView } from './views'

export type GatewayReason =
  | OfflineReason
  | 'not_subscribed' // the broker lets this user read nothing of this gateway
  | 'no_gateway' // there is a broker, but no gateway behind it
  | 'gateway_offline' // the broker has lost the gateway

/** What a user may do: read, also give commands, also read everything. */
export type Role = 'viewer' | 'operator' | 'admin'

export type GatewayState = ConnectionState<GatewayReason>

/** Something that happened on a device: an alarm, or anything else that the gateway reports. */
export interface DeviceEvent {
  device: string
  /** Unix ms by the gateway's clock; null if it does not say. */
  ts: number | null
  data: Record<string, unknown>
}

export type GatewayEvents = {
  state: [GatewayState]
  /** A device's values, availability, model or commands have changed. At most every 50 ms for each device. */
  change: [DeviceView]
  /** The list as it is after each connect, and when a device came or went. At most every 50 ms. */
  devices: [DeviceView[]]
  /** How a command ended, one's own or another's. */
  result: [CommandResult]
  event: [DeviceEvent]
  info: [GatewayInfo]
  /** Another gateway was found at this address. */
  gateways: [GatewayInfo[]]
  /** After each connect, once everything that the gateway keeps is there: the screen shows the truth. */
  ready: []
}
