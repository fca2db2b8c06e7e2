export type MqttErrorCode =
  | 'offline' // there is no connection; nothing was sent
  | 'connection_lost' // it broke before the broker acknowledged: it is not known whether the message arrived
  | 'closed' // close() was called
  | 'queue_full'
  | 'bad_topic'
  | 'too_big'

/** Why a publish or subscribe came to nothing. */
export class MqttError extends Error {
  constructor(
    readonly code: MqttErrorCode,
    message: string,
  ) {
    super(message)
  }
}
