// The network between a phone and a broker, which a test can cut.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class Proxy {
  /** How many connections were made through it. */
  accepted = 0
  private readonly pairs = new Set<[Socket, Socket]>()
  private readonly server: Server
  private refusing = false

  private constructor(target: number) {
    this.server = createServer((near) => {
      if (this.refusing) return near.destroy()
      this.accepted++
      const far = connect(target, '127.0.0.1')
      const pair: [Socket, Socket] = [near, far]
      this.pairs.add(pair)
      const end = () => {
        this.pairs.delete(pair)
        near.destroy()
        far.destroy()
      }
      for (const s of pair)
        s.setNoDelay(true)
          .on('error', end)
          .on('close', () => this.pairs.has(pair) && end())
      near.on('data', (d) => far.write(d))
      far.on('data', (d) => near.write(d))
    })
  }

  static start(target: number): Promise<Proxy> {
    const p = new Proxy(target)
    return new Promise((resolve) => p.server.listen(0, '127.0.0.1', () => resolve(p)))
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/mqtt`
  }

  /** How many connections are open. */
  get open(): number {
    return this.pairs.size
  }

  /** Nothing passes through the connections there are any more, and there is no event. New ones work. */
  silence(): void {
    for (const [near, far] of this.pairs) {
      near.removeAllListeners('data').resume()
      far.removeAllListeners('data').resume()
    }
  }

  /** Breaks the connections there are. */
  cut(): void {
    for (const [near, far] of this.pairs) {
      near.resetAndDestroy()
      far.destroy()
    }
    this.pairs.clear()
  }

  /** Whether new connections are broken at once. */
  refuse(yes: boolean): void {
    this.refusing = yes
  }

  stop(): void {
    this.cut()
    this.server.close()
  }
}
