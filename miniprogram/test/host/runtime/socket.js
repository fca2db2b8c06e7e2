// wx.connectSocket, as strict as WeChat is: five sockets, protocols as an array, nothing but strings and ArrayBuffers,
// and no close before the socket is open.

import { fail, succeed } from './answer.js'

const most = 5

export function connectSocket(host, o) {
  const handlers = { open: [], message: [], close: [], error: [] }
  const fire = (event, value) => handlers[event].slice().forEach((f) => f(value))
  const record = { url: o.url, protocols: o.protocols, state: 'connecting', sent: 0, received: 0 }
  const task = {
    onOpen: (f) => handlers.open.push(f),
    onMessage: (f) => handlers.message.push(f),
    onClose: (f) => handlers.close.push(f),
    onError: (f) => handlers.error.push(f),
    send(p) {
      if (record.state !== 'open') return fail(p, 'sendSocketMessage:fail the socket is not open')
      if (typeof p.data !== 'string' && !(p.data instanceof ArrayBuffer)) {
        host.errors.push('sendSocketMessage: data is neither string nor ArrayBuffer')
        return fail(p, 'sendSocketMessage:fail parameter.data should be String or ArrayBuffer')
      }
      record.sent++
      socket.send(p.data)
      return succeed(p)
    },
    close(p = {}) {
      if (record.state !== 'open') return fail(p, 'closeSocket:fail the socket is not open')
      record.state = 'closing'
      socket.close(p.code ?? 1000, p.reason ?? '')
      return succeed(p)
    },
  }
  if (o.protocols !== undefined && !Array.isArray(o.protocols)) host.errors.push('connectSocket: protocols is no array')
  if (host.sockets.filter((s) => s.state !== 'closed').length >= most) {
    fail(o, `connectSocket:fail exceed max socket connections, max ${most}`)
    return task
  }
  host.sockets.push(record)
  const socket = new WebSocket(o.url, o.protocols ?? [])
  socket.binaryType = 'arraybuffer'
  let muted = false
  socket.onopen = () => {
    record.state = 'open'
    if (!muted) fire('open', { header: {} })
  }
  socket.onmessage = (e) => {
    record.received++
    if (!muted) fire('message', { data: e.data })
  }
  socket.onerror = () => muted || fire('error', { errMsg: 'connectSocket:fail the connection failed' })
  socket.onclose = (e) => {
    record.state = 'closed'
    if (!muted) fire('close', { code: e.code, reason: e.reason })
  }
  record.cut = () => socket.close()
  // As in the background: dead, and no event ever says so.
  record.mute = () => {
    muted = true
  }
  succeed(o)
  return task
}
