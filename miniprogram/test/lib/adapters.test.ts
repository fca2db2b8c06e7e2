// The small differences of the platforms' sockets.

import { afterEach, describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import {
  browserSocket,
  findSocket,
  MqttClient,
  mySocket,
  ttSocket,
  uniSocket,
  wxSocket,
  type SocketAdapter,
  type SocketEvents,
} from '@/minirelay'
import { Mosquitto } from './real/mosquitto'
import { until } from './real/program'
import { FakeWx } from './real/wx'

type Handler = (value?: unknown) => void

/** A platform whose every event the test makes. */
function platform(gives: 'task' | 'nothing' = 'task') {
  const on: Record<string, Handler> = {}
  const task = {
    onOpen: (f: Handler) => {
      on.open = f
    },
    onMessage: (f: Handler) => {
      on.message = f
    },
    onClose: (f: Handler) => {
      on.close = f
    },
    onError: (f: Handler) => {
      on.error = f
    },
    send: vi.fn<(o: { data: unknown; isBuffer?: boolean; fail: Handler }) => void>(),
    close: vi.fn<(o: { code: number; fail: Handler }) => void>(),
  }
  const connectSocket = vi.fn<(o: Record<string, unknown>) => unknown>(() => (gives === 'task' ? task : undefined))
  return { api: { connectSocket }, task, on, asked: () => connectSocket.mock.calls[0][0] }
}

function open(adapter: SocketAdapter) {
  const seen: unknown[][] = []
  const note =
    (what: string) =>
    (...args: unknown[]) =>
      void seen.push([what, ...args])
  const events: SocketEvents = { opened: note('opened'), message: note('message'), ended: note('ended') }
  return { socket: adapter.open('wss://x/mqtt', ['mqtt'], 4000, events), seen }
}

const bytes = (...b: number[]) => Uint8Array.from(b).buffer

afterEach(() => vi.unstubAllGlobals())

describe.each([
  ['wx', wxSocket],
  ['tt', ttSocket],
  ['uni', uniSocket],
  ['my', mySocket],
])('%s', (name, adapt) => {
  it('asks for a socket of its own, with the subprotocol in an array and a way to get a task', () => {
    const p = platform()
    open(adapt(p.api))
    expect(p.asked()).toMatchObject({
      url: 'wss://x/mqtt',
      protocols: ['mqtt'],
      timeout: 4000,
      multiple: true,
      success: expect.any(Function),
    })
  })

  it('passes on what happens, and the end once', () => {
    const p = platform()
    const { seen } = open(adapt(p.api))
    p.on.open()
    p.on.message({ data: bytes(1, 2) })
    p.on.error({ errMsg: 'broken' })
    p.on.close({ code: 1006 })
    p.on.message({ data: bytes(3) })
    expect(seen).toEqual([['opened'], ['message', bytes(1, 2)], ['ended', 'broken']])
  })

  it('sends exact bytes, and takes a failure for the end', () => {
    const p = platform()
    const { socket, seen } = open(adapt(p.api))
    p.on.open()
    socket.send(bytes(0xc0, 0))
    const sent = p.task.send.mock.calls[0][0]
    if (name === 'my') expect(sent).toMatchObject({ data: 'wAA=', isBuffer: true })
    else expect(sent.data).toEqual(bytes(0xc0, 0))
    sent.fail({ errMsg: 'sendSocketMessage:fail' })
    expect(seen.at(-1)).toEqual(['ended', 'sendSocketMessage:fail'])
  })

  it('closes a socket that was given up before it opened as soon as it opens', () => {
    const p = platform()
    const { socket, seen } = open(adapt(p.api))
    socket.close()
    p.task.close.mockClear()
    p.on.open()
    expect(p.task.close).toHaveBeenCalledOnce()
    expect(seen).toEqual([['ended', 'closed before it opened']])
  })

  it('reports what connectSocket says when it fails', async () => {
    const p = platform('nothing')
    const { seen, socket } = open(adapt(p.api))
    ;(p.asked().fail as Handler)(
      name === 'my' ? { error: 20, errorMessage: 'wss!' } : { errMsg: 'connectSocket:fail url not in domain list' },
    )
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(seen).toEqual([['ended', name === 'my' ? 'error 20 wss!' : 'connectSocket:fail url not in domain list']])
    socket.send(bytes(1))
    socket.close()
  })
})

describe('my', () => {
  it.each([
    [{ data: 'AQI=', isBuffer: true }, bytes(1, 2)],
    [{ data: { data: 'AQI=', isBuffer: true } }, bytes(1, 2)],
    [{ data: { data: bytes(1, 2) } }, bytes(1, 2)],
    [{ data: 'text' }, 'text'],
  ])('understands the message %j', (message, right) => {
    const p = platform()
    const { seen } = open(mySocket(p.api))
    p.on.message(message)
    expect(seen).toEqual([['message', right]])
  })
})

describe("the platform's own events", () => {
  it('are watched while the client is connected, and no longer', () => {
    const wx = new FakeWx()
    const c = new MqttClient({ url: 'ws://127.0.0.1:9', socket: wxSocket(wx) })
    c.connect()
    expect(wx.handlers).toBe(3)
    c.close()
    expect(wx.handlers).toBe(0)
  })

  it('are left alone where that is wanted', () => {
    const wx = new FakeWx()
    const c = new MqttClient({ url: 'ws://127.0.0.1:9', socket: wxSocket(wx), autoLife: false })
    c.connect()
    expect(wx.handlers).toBe(0)
    c.close()
  })
})

describe('which platform it is', () => {
  it('is found by its globals', async () => {
    for (const name of ['wx', 'my', 'tt']) {
      const p = platform()
      vi.stubGlobal(name, p.api)
      open(findSocket()!)
      expect(p.api.connectSocket).toHaveBeenCalledOnce()
      vi.unstubAllGlobals()
    }
    vi.stubGlobal('WebSocket', undefined)
    expect(findSocket()).toBeNull()
  })
})

describe('a browser', () => {
  it('connects, and learns of its tab and its network', async () => {
    const mosquitto = await Mosquitto.start()
    vi.stubGlobal('WebSocket', WebSocket)
    const handlers = new Map<string, Handler>()
    const listen = {
      addEventListener: (n: string, f: Handler) => handlers.set(n, f),
      removeEventListener: (n: string) => handlers.delete(n),
    }
    const page = { ...listen, visibilityState: 'visible' }
    vi.stubGlobal('document', page)
    vi.stubGlobal('addEventListener', listen.addEventListener)
    vi.stubGlobal('removeEventListener', listen.removeEventListener)
    const c = new MqttClient({ url: mosquitto.url, user: 'phone', password: 'right', socket: browserSocket(), patience: 30_000 })
    try {
      c.connect()
      await until(() => c.state.status === 'online')
      handlers.get('offline')?.()
      expect(c.state).toMatchObject({ reason: 'no_network' })
      handlers.get('online')?.()
      await until(() => c.state.status === 'online')

      const tab = (state: string) => {
        page.visibilityState = state
        handlers.get('visibilitychange')?.()
      }
      tab('hidden') // a second screen goes on
      tab('visible')
      expect(c.state.status).toBe('online')
      tab('hidden')
      const now = Date.now()
      vi.spyOn(Date, 'now').mockImplementation(() => now + 6000)
      tab('visible')
      expect(c.state.status).toBe('connecting')
      vi.restoreAllMocks()
      await until(() => c.state.status === 'online')
      c.close()
      expect(handlers.size).toBe(0)
    } finally {
      c.close()
      await mosquitto.stop()
    }
  })
})
