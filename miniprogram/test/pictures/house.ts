// The gateway of the pictures, with a config as people have it: what `minirelay init` writes, and their own lines.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { hostOrigin } from '../lib/real/host-address'
import { freePort, start, type Program } from '../lib/real/program'

/** Where the gateway seems to be: browsers of the pictures find it on loopback. */
export const lan = '192.168.1.10'

/** Everybody's. */
export const password = 'three-green-kettles'

export class House {
  private readonly dir = mkdtempSync(join(tmpdir(), 'minirelay-pictures-'))
  private program: Program | null = null

  private constructor(
    readonly securePort: number,
    readonly port: number,
  ) {}

  /** things: what hangs on which port, as `init` takes it; more: further TOML. The users are admin and phone. */
  static async start(things: string[], more = ''): Promise<House> {
    const house = new House(await freePort(), await freePort())
    house.init('minirelay.toml', `127.0.0.1:${house.securePort}`, `127.0.0.1:${house.port}`, things)
    const hash = /^password_hash = .*$/m.exec(house.text)![0]
    house.edit(/^name .*$/m, 'name     = { zh = "我的小屋", en = "My house" }')
    house.edit(/^listen .*$/m, `$&\norigins = ["${hostOrigin}"]`)
    house.edit(/$/, `\n[users.phone]\n${hash}\nrole          = "operator"\n${more}`)
    house.program = await start(inject('gatewayBinary'), ['run'], /^ready .*$/m, {}, house.dir)
    return house
  }

  private init(file: string, listen: string, ws: string, things: string[]): void {
    this.run(
      [
        'init',
        '-c',
        file,
        '-id',
        'home',
        '-name',
        'My house',
        '-listen',
        listen,
        '-ws',
        ws,
        '-password-stdin',
        ...things.flatMap((t) => ['-port', t]),
      ],
      `${password}\n`,
    )
  }

  private run(args: string[], input = ''): string {
    return execFileSync(inject('gatewayBinary'), args, { cwd: this.dir, input }).toString()
  }

  /** What `minirelay address -qr` prints on a gateway in the LAN that its installer has just set up. */
  address(): string {
    this.init('lan.toml', `${lan}:8443`, '', [])
    return this.run(['address', '-qr', '-c', 'lan.toml'])
  }

  get text(): string {
    return readFileSync(join(this.dir, 'minirelay.toml'), 'utf8')
  }

  /** Edits the config, which takes effect within a second. */
  edit(what: string | RegExp, by: string): void {
    writeFileSync(join(this.dir, 'minirelay.toml'), this.text.replace(what, by))
  }

  async stop(): Promise<void> {
    await this.program?.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
