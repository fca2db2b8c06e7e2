// A hub of our own with two gateways that dial out to it.

import { Board, mapping } from './board'
import { RealGateway } from './gateway'

export class Hub {
  private constructor(
    readonly hub: RealGateway,
    readonly farm: RealGateway,
    readonly barn: RealGateway,
    readonly board: Board,
  ) {}

  /** The user family may use both gateways, guest only looks at the barn's. */
  static async start(): Promise<Hub> {
    const board = await Board.start()
    const hub = await RealGateway.start(
      `
[users.gw-farm]
password = "farm's"
role     = "gateway"
gateways = ["farm"]

[users.gw-barn]
password = "barn's"
role     = "gateway"
gateways = ["barn"]

[users.family]
password = "right"
role     = "operator"
gateways = ["farm", "barn"]

[users.guest]
password = "right"
role     = "viewer"
gateways = ["barn"]
`,
      'minirelay',
      'hub',
      '"Hub"',
    )
    const behind = (id: string, name: string) =>
      RealGateway.start(
        `${mapping('greenhouse', board.path)}
[upstream.hub]
url      = "ws://127.0.0.1:${hub.port}/mqtt"
user     = "gw-${id}"
password = "${id}'s"
accept   = ["command", "request"]
retry    = "1s"
`,
        'minirelay',
        id,
        name,
      )
    return new Hub(hub, await behind('farm', '{ zh = "农场", en = "Farm" }'), await behind('barn', '{ zh = "谷仓", en = "Barn" }'), board)
  }

  async stop(): Promise<void> {
    this.board.stop()
    await Promise.all([this.farm.stop(), this.barn.stop(), this.hub.stop()])
  }
}
