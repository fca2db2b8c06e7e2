// WebSockets of the platforms. Each of their small differences has cost a day.

import { decodeBase64, encodeBase64 } from './base64'
import { Once, type Life, type Socket, type SocketAdapter, type SocketEvents } from './socket'

/** The part of `wx`, `my`, `tt` or `uni` that is used here. */
export interface MiniProgram {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each platform types these differently
  connectSocket: (options: any) => any
  onAppShow?: (f: () => void) => void
  offAppShow?: (f: () => void) => void
  onAppHide?: (f: () => void) => void
  offAppHide?: (f: () => void) => void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  onNetworkStatusChange?: (f: (change: any) => void) => void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  offNetworkStatusChange?: (f: (change: any) => void) => void
}

interface SocketTask {
  onOpen(f: () => void): void
  onMessage(f: (message: unknown) => void): void
  onClose(f: (close?: { code?: number; reason?: string }) => void): void
  onError(f: (error?: Failure) => void): void
  send(options: { data: unknown; isBuffer?: boolean; fail?: (error?: Failure) => void }): void
  close(options: { code: number; fail?: () => void }): void
}

/** wx says errMsg, my says error and errorMessage. */
interface Failure {
  errMsg?: string
  errorMessage?: string
  error?: number
}

function words(failure: Failure | undefined, otherwise: string): string {
  const code = failure?.error === undefined ? '' : `error ${failure.error} `
  return (code + (failure?.errMsg ?? failure?.errorMessage ?? '')).trim() || otherwise
}

/** WeChat. */
export const wxSocket = (wx: MiniProgram): SocketAdapter => miniProgramSocket(wx, false)
/** Alipay, which sends and receives bytes as base64. */
export const mySocket = (my: MiniProgram): SocketAdapter => miniProgramSocket(my, true)
/** Douyin. */
export const ttSocket = (tt: MiniProgram): SocketAdapter => miniProgramSocket(tt, false)
/** uni-app, wherever it runs: for apps, which have none of the others. */
export const uniSocket = (uni: MiniProgram): SocketAdapter => miniProgramSocket(uni, false)

function miniProgramSocket(api: MiniProgram, base64: boolean): SocketAdapter {
  return {
    open: (url, protocols, timeout, events) => openTask(api, base64, url, protocols, timeout, events),
    watch: (life) => watchMiniProgram(api, life),
  }
}

function openTask(api: MiniProgram, base64: boolean, url: string, protocols: string[], timeout: number, to: SocketEvents): Socket {
  const events = new Once(to)
  let open = false
  let abandoned = false
  const task = api.connectSocket({
    url,
    protocols,
    timeout,
    multiple: true, // Alipay: a task of its own
    tcpNoDelay: true, // WeChat: small packets at once
    success: () => undefined, // uni: without any of the three it gives a promise
    fail: (failure?: Failure) => events.ended(words(failure, 'connectSocket failed')),
  }) as SocketTask | undefined
  if (!task) {
    setTimeout(() => events.ended('connectSocket gave no task'), 0) // unless fail has said why
    return { send: () => undefined, close: () => undefined }
  }
  const close = () => {
    try {
      task.close({ code: 1000, fail: () => undefined })
    } catch {
      // It had ended by itself.
    }
  }
  task.onOpen(() => {
    open = true
    // Closing it before this moment had no effect.
    if (abandoned) close()
    else events.opened()
  })
  task.onMessage((message) => {
    const data = bytesOf(message)
    if (data !== null) events.message(data)
  })
  task.onError((failure) => events.ended(words(failure, 'socket error')))
  task.onClose((c) => events.ended(`closed ${c?.code ?? ''} ${c?.reason ?? ''}`.trim()))
  return {
    send: (data) =>
      task.send({
        ...(base64 ? { data: encodeBase64(new Uint8Array(data)), isBuffer: true } : { data }),
        fail: (failure) => events.ended(words(failure, 'send failed')),
      }),
    close: () => {
      abandoned = true
      close()
      if (!open) events.ended('closed before it opened')
    },
  }
}

/** The bytes, or the text, of a message: { data }, { data, isBuffer } or { data: { data, isBuffer } }. */
function bytesOf(message: unknown): ArrayBuffer | string | null {
  let m = message as { data?: unknown; isBuffer?: boolean } | undefined
  const inner = m?.data as { data?: unknown; isBuffer?: boolean } | undefined
  if (inner && typeof inner === 'object' && 'data' in inner) m = inner
  const data = m?.data
  if (typeof data === 'string') return m?.isBuffer ? ((decodeBase64(data)?.buffer as ArrayBuffer | undefined) ?? null) : data
  return (data as ArrayBuffer | undefined) ?? null
}

function watchMiniProgram(api: MiniProgram, life: Life): () => void {
  const show = () => life.show()
  const hide = () => life.hide()
  const network = (change: { isConnected?: boolean }) => life.network(change.isConnected !== false)
  api.onAppShow?.(show)
  api.onAppHide?.(hide)
  api.onNetworkStatusChange?.(network)
  return () => {
    api.offAppShow?.(show)
    api.offAppHide?.(hide)
    api.offNetworkStatusChange?.(network)
  }
}

/** How long a page may be out of sight before its connection is assumed to be dead, in ms. */
const hiddenLong = 5000

/** A browser. A page out of sight keeps its connection: a second screen goes on noting what happens. */
export function browserSocket(): SocketAdapter {
  return {
    open(url, protocols, _timeout, to) {
      const events = new Once(to)
      const ws = new WebSocket(url, protocols)
      ws.binaryType = 'arraybuffer'
      ws.onopen = () => events.opened()
      ws.onmessage = (m) => events.message(m.data)
      ws.onclose = (c) => events.ended(`closed ${c.code} ${c.reason}`.trim()) // follows each error, which says nothing
      return { send: (data) => ws.send(data), close: () => ws.close() }
    },
    watch: watchBrowser,
  }
}

function watchBrowser(life: Life): () => void {
  if (typeof document === 'undefined' || typeof addEventListener === 'undefined') return () => undefined
  let hiddenAt = 0
  const visibility = () => {
    if (document.visibilityState === 'hidden') hiddenAt = Date.now()
    else if (Date.now() - hiddenAt >= hiddenLong) life.show()
  }
  const shown = (e: { persisted?: boolean }) => {
    if (e.persisted) life.show() // from the back-forward cache
  }
  const online = () => life.network(true)
  const offline = () => life.network(false)
  document.addEventListener('visibilitychange', visibility)
  addEventListener('pageshow', shown)
  addEventListener('online', online)
  addEventListener('offline', offline)
  return () => {
    document.removeEventListener('visibilitychange', visibility)
    removeEventListener('pageshow', shown)
    removeEventListener('online', online)
    removeEventListener('offline', offline)
  }
}

declare const wx: MiniProgram | undefined
declare const my: MiniProgram | undefined
declare const tt: MiniProgram | undefined

/** The adapter of the platform that this runs on; null if it has no WebSocket. */
export function findSocket(): SocketAdapter | null {
  // Alipay and Douyin may bring a wx of their own: theirs go first.
  if (typeof my !== 'undefined' && typeof my?.connectSocket === 'function') return mySocket(my)
  if (typeof tt !== 'undefined' && typeof tt?.connectSocket === 'function') return ttSocket(tt)
  if (typeof wx !== 'undefined' && typeof wx?.connectSocket === 'function') return wxSocket(wx)
  if (typeof WebSocket !== 'undefined') return browserSocket()
  return null
}
