// A gateway with a workshop, behind a network that can be cut, and a browser.

import type { Browser } from 'playwright-core'
import { RealGateway } from '../lib/real/gateway'
import { Proxy } from '../lib/real/proxy'
import { launch, openPage, type Watched } from './browser'
import type { Screen } from './screen'
import { workshop, Workshop } from './workshop'

export class World {
  private constructor(
    readonly board: Workshop,
    readonly gateway: RealGateway,
    readonly proxy: Proxy,
    readonly browser: Browser,
  ) {}

  /** secure: the network leads to the TLS port, else to the plain WebSocket. */
  static async start(secure: boolean): Promise<World> {
    const board = await Workshop.start()
    const gateway = await RealGateway.start(workshop(board.path))
    const proxy = await Proxy.start(secure ? gateway.securePort : gateway.port)
    return new World(board, gateway, proxy, await launch())
  }

  /** The host and port of the network's near end. */
  get near(): string {
    return new URL(this.proxy.url).host
  }

  open(options?: Parameters<typeof openPage>[1]): Promise<Watched> {
    return openPage(this.browser, options)
  }

  /** Everything as it should be again. */
  heal(): void {
    this.board.fault = 'none'
    this.board.temperature = 21.5
    this.board.pump = false
    this.board.replug()
    this.proxy.refuse(false)
  }

  async stop(): Promise<void> {
    await this.browser.close()
    this.proxy.stop()
    this.board.stop()
    await this.gateway.stop()
  }
}

/** How a story opens its screen, and what must be true of it at the end. */
export interface Teller {
  secure: boolean
  screen(world: World): Promise<Screen>
  check?(screen: Screen): Promise<void>
}
