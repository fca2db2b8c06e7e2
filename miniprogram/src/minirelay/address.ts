// Addresses of gateways, as people type them and as the QR code holds them. Mini-programs have no URL class.

export interface Address {
  host: string
  port: number
  tls: boolean
  path: string
  /** What connectSocket takes. */
  url: string
  /** The gateway's id, if the address names one. */
  gateway?: string
  user?: string
}

export interface AddressError {
  error: 'empty' | 'bad_scheme' | 'bad_host' | 'bad_port' | 'bad_gateway'
}

/** The gateway's own port, which is meant where none is given. */
const gatewayPort = 8443
const gatewayPath = '/mqtt'

/** What an id of the gateway looks like. */
export const validId = /^[a-z0-9][a-z0-9_-]{0,31}$/

const schemes: Record<string, { tls: boolean; port: number }> = {
  minirelay: { tls: true, port: gatewayPort },
  wss: { tls: true, port: 443 },
  ws: { tls: false, port: 80 },
  https: { tls: true, port: 443 }, // the address of the page
  http: { tls: false, port: 80 },
}

/**
 * Reads `minirelay://HOST:PORT?gw=ID&user=NAME` (with `&tls=0` for ws), `wss://…`, `ws://…`, the page's `https://…`,
 * or just a host with or without its port. Without a path /mqtt is meant.
 */
export function parseAddress(text: string): Address | AddressError {
  const trimmed = text.trim()
  if (trimmed === '') return { error: 'empty' }
  const m = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?/i.exec(trimmed)
  const scheme = (m?.[1] ?? 'minirelay').toLowerCase()
  const { tls: secure, port: usual } = schemes[scheme] ?? {}
  if (!m || secure === undefined || usual === undefined) return { error: 'bad_scheme' }
  const authority = /^(\[[0-9a-f:.]+\]|[^\s@:[\]\\]+)(?::(.*))?$/i.exec(m[2])
  if (!authority) return { error: 'bad_host' }
  const port = authority[2] === undefined ? usual : /^\d{1,5}$/.test(authority[2]) ? Number(authority[2]) : 0
  if (port < 1 || port > 65535) return { error: 'bad_port' }
  const query = parseQuery(m[4] ?? '')
  if (query.gw !== undefined && !validId.test(query.gw)) return { error: 'bad_gateway' }
  const address: Address = {
    host: authority[1].toLowerCase(),
    port,
    tls: secure && !(scheme === 'minirelay' && query.tls === '0'),
    path: m[3] === '' || m[3] === '/' ? gatewayPath : m[3],
    url: '',
  }
  address.url = addressURL(address)
  if (query.gw) address.gateway = query.gw
  if (query.user) address.user = query.user
  return address
}

/** The text that parseAddress reads and the QR code holds. The password is never part of it. */
export function formatAddress(a: Pick<Address, 'host' | 'port' | 'tls' | 'gateway' | 'user'> & { path?: string }): string {
  const query = []
  if (a.gateway) query.push(`gw=${encodeURIComponent(a.gateway)}`)
  if (a.user) query.push(`user=${encodeURIComponent(a.user)}`)
  if (!a.tls) query.push('tls=0')
  const path = a.path && a.path !== gatewayPath ? a.path : ''
  return `minirelay://${a.host}:${a.port}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

/** The URL for connectSocket. WeChat does not take the usual port if it is written out. */
export function addressURL(a: { host?: string; port?: number; tls?: boolean; path?: string }): string {
  const tls = a.tls ?? true
  const port = a.port ?? gatewayPort
  const shown = port === (tls ? 443 : 80) ? '' : `:${port}`
  return `${tls ? 'wss' : 'ws'}://${a.host ?? ''}${shown}${a.path ?? gatewayPath}`
}

function parseQuery(text: string): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = {}
  for (const part of text.split('&')) {
    const [key, value = ''] = part.split('=')
    try {
      out[decodeURIComponent(key)] = decodeURIComponent(value.replace(/\+/g, ' '))
    } catch {
      // A stray % is not part of an address.
    }
  }
  return out
}
