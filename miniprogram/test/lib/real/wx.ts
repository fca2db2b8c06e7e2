// WeChat's sockets on node's, as strict as WeChat is.

import WebSocket from 'ws'

type Callback = (value: unknown) => void

/** `wx`, with its quirks: only exact ArrayBuffers or strings, close without effect before the socket is open. */
export class FakeWx {
  /** Sockets that are not closed yet. A mini-program may have five. */
  open = 0
  /** The most that were ever open together. */
  most = 0
  /** The bytes of every send. */
  readonly sent: Uint8Array[] = []
  readonly protocols: unknown[] = []
  private readonly shown = new Set<() => void>()
  private readonly hidden = new Set<() => void>()
  private readonly network = new Set<Callback>()

  constructor(private readonly ca?: Buffer) {}

  connectSocket = (o: { url: string; protocols: string[]; success?: Callback; fail?: Callback }) => {
    if (!Array.isArray(o.protocols)) throw new TypeError('protocols must be an array')
    this.protocols.push(o.protocols)
    if (this.open >= 5) {
      setTimeout(() => o.fail?.({ errMsg: 'connectSocket:fail exceed max socket connections, max 5' }))
      return undefined
    }
    const on: Record<string, Callback[]> = { open: [], message: [], close: [], error: [] }
    const fire = (event: string, value: unknown) => on[event].forEach((f) => f(value))
    const ws = new WebSocket(o.url, o.protocols, { ca: this.ca, perMessageDeflate: false })
    this.most = Math.max(this.most, ++this.open)
    ws.binaryType = 'arraybuffer'
    ws.on('open', () => fire('open', {}))
    ws.on('message', (data, binary) => fire('message', { data: binary ? data : data.toString() }))
    ws.on('error', (e) => fire('error', { errMsg: e.message }))
    ws.on('close', (code, reason) => {
      this.open--
      fire('close', { code, reason: reason.toString() })
    })
    setTimeout(() => o.success?.({ errMsg: 'connectSocket:ok' }))
    return {
      onOpen: (f: Callback) => on.open.push(f),
      onMessage: (f: Callback) => on.message.push(f),
      onClose: (f: Callback) => on.close.push(f),
      onError: (f: Callback) => on.error.push(f),
      send: ({ data, fail }: { data: unknown; fail?: Callback }) => {
        if (ws.readyState !== WebSocket.OPEN) return fail?.({ errMsg: 'sendSocketMessage:fail not open' })
        if (!(data instanceof ArrayBuffer) && typeof data !== 'string') throw new TypeError('data must be an ArrayBuffer or a string')
        if (data instanceof ArrayBuffer) this.sent.push(new Uint8Array(data))
        ws.send(data)
      },
      close: ({ code, fail }: { code: number; fail?: Callback }) => {
        if (ws.readyState !== WebSocket.OPEN) return fail?.({ errMsg: 'closeSocket:fail not open' })
        ws.close(code)
      },
    }
  }

  onAppShow = (f: () => void) => this.shown.add(f)
  offAppShow = (f: () => void) => this.shown.delete(f)
  onAppHide = (f: () => void) => this.hidden.add(f)
  offAppHide = (f: () => void) => this.hidden.delete(f)
  onNetworkStatusChange = (f: Callback) => this.network.add(f)
  offNetworkStatusChange = (f: Callback) => this.network.delete(f)

  /** How many handlers of the platform's events there are. */
  get handlers(): number {
    return this.shown.size + this.hidden.size + this.network.size
  }

  show(): void {
    this.shown.forEach((f) => f())
  }

  hide(): void {
    this.hidden.forEach((f) => f())
  }

  networkChange(isConnected: boolean): void {
    this.network.forEach((f) => f({ isConnected, networkType: isConnected ? 'wifi' : 'none' }))
  }
}
