// Debian's mosquitto with a WebSocket listener.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, start, type Program } from './program'

const program = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'].find(existsSync) ?? 'mosquitto'

/** A broker with the user phone, whose password is right, and who may use home/# and +/minirelay/# alone. */
export class Mosquitto {
  private readonly dir = mkdtempSync(join(tmpdir(), 'minirelay-mosquitto-'))
  private running: Program | null = null

  private constructor(
    readonly port: number,
    readonly plainPort: number,
  ) {}

  static async start(): Promise<Mosquitto> {
    const m = new Mosquitto(await freePort(), await freePort())
    const passwords = join(m.dir, 'passwords')
    execFileSync('mosquitto_passwd', ['-c', '-b', passwords, 'phone', 'right'])
    const acl = join(m.dir, 'acl')
    writeFileSync(acl, 'user phone\ntopic readwrite home/#\ntopic readwrite +/minirelay/#\n')
    writeFileSync(
      join(m.dir, 'mosquitto.conf'),
      [
        ...(process.getuid?.() === 0 ? ['user root'] : []),
        // Debian's 2.0.11 does not start with a WebSocket listener alone.
        `listener ${m.plainPort} 127.0.0.1`,
        `listener ${m.port} 127.0.0.1`,
        'protocol websockets',
        'allow_anonymous false',
        `password_file ${passwords}`,
        `acl_file ${acl}`,
        'connection_messages true',
        '',
      ].join('\n'),
    )
    await m.run()
    return m
  }

  async run(): Promise<void> {
    this.running = await start(program, ['-v', '-c', join(this.dir, 'mosquitto.conf')], /running/)
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/mqtt`
  }

  /** What it has logged. */
  output(): string {
    return this.running?.output() ?? ''
  }

  async halt(signal?: NodeJS.Signals): Promise<void> {
    await this.running?.stop(signal)
    this.running = null
  }

  async stop(): Promise<void> {
    await this.halt()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
