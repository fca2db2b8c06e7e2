// Questions to the gateway: {"id","method","params"} → {"id","result"} or {"id","error":{"code","message"}}.

import { parseObject } from './model'
import { randomText } from './random'

/** Why a request has no result: 'offline', 'timeout', or the gateway's own code. */
export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

interface Open {
  resolve(result: unknown): void
  reject(e: RequestError): void
  timer: ReturnType<typeof setTimeout>
}

export class Requests {
  private readonly open = new Map<string, Open>()

  /** send publishes a request; it may fail. */
  constructor(private readonly send: (payload: string) => Promise<void>) {}

  ask(method: string, params: unknown, timeout: number): Promise<unknown> {
    const id = `r-${randomText()}`
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(id, 'timeout', 'the gateway does not answer'), timeout)
      this.open.set(id, { resolve, reject, timer })
      this.send(JSON.stringify({ id, method, params })).catch(() => this.fail(id, 'offline', 'there is no connection'))
    })
  }

  /** Takes a message on the reply topic. */
  reply(payload: string): void {
    const j = parseObject(payload)
    const id = typeof j?.id === 'string' ? j.id : ''
    const o = this.open.get(id)
    if (!j || !o) return
    const error = j.error as { code?: unknown; message?: unknown } | undefined
    if (error) return this.fail(id, String(error.code ?? 'error'), String(error.message ?? ''))
    this.open.delete(id)
    clearTimeout(o.timer)
    o.resolve(j.result)
  }

  /** The connection is gone, and all answers with it. */
  down(): void {
    for (const id of [...this.open.keys()]) this.fail(id, 'offline', 'the connection was lost')
  }

  private fail(id: string, code: string, message: string): void {
    const o = this.open.get(id)
    if (!o) return
    this.open.delete(id)
    clearTimeout(o.timer)
    o.reject(new RequestError(code, message))
  }
}
