// Why there is no connection, as a word that programs can decide by. Words for people are in explain.ts.

export type OfflineReason =
  | 'closed' // by close()
  | 'background' // by hide()
  | 'no_network' // the phone says that it has none
  | 'unreachable' // nothing answers at the address
  | 'timeout' // something does, but not with MQTT, or too slowly
  | 'lost' // it was there and broke
  | 'certificate'
  | 'not_allowed_domain' // the mini-program's settings do not list it
  | 'wrong_password'
  | 'not_authorized'
  | 'bad_client_id'
  | 'busy' // the broker accepts no more connections, or too many wrong passwords came from here
  | 'not_mqtt' // it is not an MQTT 3.1.1 broker
  | 'bad_address'
  | 'insecure' // a page that came over https may only open wss
  | 'too_many_sockets' // a mini-program may have five
  | 'no_adapter' // no WebSocket on this platform

/** Reasons that do not pass by themselves: no attempt is made until something is changed. */
export function isFinal(reason: OfflineReason): boolean {
  switch (reason) {
    case 'closed':
    case 'wrong_password':
    case 'not_authorized':
    case 'bad_client_id':
    case 'not_allowed_domain':
    case 'bad_address':
    case 'insecure':
    case 'no_adapter':
      return true
  }
  return false
}

/** The reason behind a CONNACK's return code, MQTT 3.1.1, table 3.1. */
export function refusal(code: number, hadWill: boolean): OfflineReason {
  switch (code) {
    case 1:
      return 'not_mqtt'
    case 2:
      return 'bad_client_id'
    case 3:
      return 'busy'
    case 4:
      return 'wrong_password'
    case 5:
      return hadWill ? 'not_authorized' : 'wrong_password' // mosquitto says 5 for a wrong password
  }
  return 'not_mqtt'
}

/**
 * The reason behind the platform's words about a socket that never opened. WeChat's are "connectSocket:fail url not
 * in domain list" and the system's own about certificates; Alipay's are numbers (7: certificate, 20: wss required).
 */
export function failure(detail: string): OfflineReason {
  const d = detail.toLowerCase()
  if (/domain list|合法域名|not in (the )?whitelist|error (20|65)\b/.test(d)) return 'not_allowed_domain'
  if (/certificate|cert path|trust anchor|\bssl|tls|-120\d\b|error 7\b|证书/.test(d)) return 'certificate'
  if (/url (is )?(invalid|not valid)|invalid url|error [345]\b/.test(d)) return 'bad_address'
  if (/max(imum)?\b.*\b(socket|connect|5)|too many|exceed|\bmax 5/.test(d)) return 'too_many_sockets'
  if (/time ?d? ?out|超时|error 6\b/.test(d)) return 'timeout'
  return 'unreachable'
}
