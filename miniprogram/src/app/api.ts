// The gateway's JSON API, for the page only: what MQTT does not carry.

import { lang } from '@/i18n'
import { account } from './account'
import { session } from './session'

export interface Problem {
  severity: 'fault' | 'warning'
  file: string
  line: number
  column: number
  what: string
  hint: string
}
export interface ConfigView {
  files: { name: string; text: string }[]
  loaded: number
  problems: Problem[]
}
export type Counts = Record<string, number>
export interface PortView {
  port: string
  path: string
  open: boolean
  trouble: string
  devices: string[]
  counts: Counts
}

/** One line of a wire view. Its keys show which kind it is. */
export interface WireRecord {
  ts: number
  dir?: 'in' | 'out'
  hex?: string
  text?: string
  frame?: { hex: string; text: string; device?: string; ok: boolean; fields?: Record<string, unknown>; why?: string }
  counts?: Counts
  open?: boolean
  trouble?: string
  missed?: number
}

/** code: the API's own, "not_here" on a port without it, or "unreachable" without a proper answer. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

async function call(path: string, signal?: AbortSignal): Promise<Response> {
  const a = account.value
  if (!a) throw new ApiError('unauthorized', '')
  const login = new TextEncoder().encode(`${a.user}:${a.password}`)
  const headers = {
    Authorization: `Basic ${btoa(String.fromCharCode(...login))}`,
    'Accept-Language': lang.value,
    'Minirelay-Client': session.clientId, // the gateway recognizes the connection's id
  }
  const response = await fetch(`api/${path}`, { headers, signal, credentials: 'omit', cache: 'no-store' }).catch((e: Error) => {
    throw e.name === 'AbortError' ? e : new ApiError('unreachable', e.message)
  })
  if (response.ok) return response
  const body = (await response.json().catch(() => null)) as { error?: { code: string; message: string } } | null
  throw new ApiError(
    body?.error?.code ?? (response.status === 404 ? 'not_here' : 'unreachable'),
    body?.error?.message ?? `HTTP ${response.status}`,
  )
}

export const config = async (): Promise<ConfigView> => (await call('config')).json()

export const ports = async (): Promise<PortView[]> => ((await (await call('ports')).json()) as { ports: PortView[] }).ports

/** Calls each with every record of a port's wire until signal aborts or the gateway ends it. */
export async function watchWire(port: string, signal: AbortSignal, each: (r: WireRecord) => void): Promise<void> {
  const response = await call(`ports/${encodeURIComponent(port)}/wire`, signal)
  const reader = response.body?.getReader()
  if (!reader) throw new ApiError('unreachable', 'the browser cannot read streams')
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line) each(JSON.parse(line) as WireRecord)
  }
}
