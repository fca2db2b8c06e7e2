// The real gateway, from its binary.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { hostOrigin } from './host-address'
import { freePort, start, type Program } from './program'

/** A gateway with the users phone, admin, display (who may only read) and own (who has topics of its own). */
export class RealGateway {
  private readonly dir = mkdtempSync(join(tmpdir(), 'minirelay-test-'))
  private readonly file = join(this.dir, 'minirelay.toml')
  private program: Program | null = null

  private constructor(
    private readonly wsPort: number,
    private readonly tlsPort: number,
    private readonly root: string,
    private readonly id: string,
    private readonly name: string,
  ) {}

  static async start(
    devices: string,
    root = 'minirelay',
    id = 'home',
    name = '{ zh = "我的小屋", en = "My house" }',
  ): Promise<RealGateway> {
    const g = new RealGateway(await freePort(), await freePort(), root, id, name) // the same ports after a restart
    g.configure(devices)
    await g.run()
    return g
  }

  /** Writes the config. A running gateway takes it within a second. */
  configure(devices: string): void {
    writeFileSync(
      this.file,
      `
[gateway]
id       = "${this.id}"
name     = ${this.name}
root     = "${this.root}"
data_dir = "${join(this.dir, 'data')}"

[broker]
listen = "127.0.0.1:${this.tlsPort}"
ws     = "127.0.0.1:${this.wsPort}"
origins = ["${hostOrigin}"]

[users.phone]
password = "right"
role     = "operator"

[users.admin]
password = "right"
role     = "admin"

[users.display]
password = "right"
role     = "viewer"

[users.own]
password = "right"
role     = "viewer"
read     = ["home/#"]
write    = ["home/#"]
${devices}`,
    )
  }

  async run(): Promise<void> {
    this.program = await start(inject('gatewayBinary'), ['run', '-c', this.file], /^ready .*$/m)
  }

  get securePort(): number {
    return this.tlsPort
  }

  get url(): string {
    return `ws://127.0.0.1:${this.wsPort}/mqtt`
  }

  get port(): number {
    return this.wsPort
  }

  get secureURL(): string {
    return `wss://127.0.0.1:${this.tlsPort}/mqtt`
  }

  get certificate(): Buffer {
    return readFileSync(join(this.dir, 'data', 'tls', 'cert.pem'))
  }

  /** Stops it; with SIGKILL without any goodbye. run() starts it again. */
  async halt(signal?: NodeJS.Signals): Promise<void> {
    await this.program?.stop(signal)
    this.program = null
  }

  async stop(): Promise<void> {
    await this.halt()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
