// A board behind a serial server: lines of JSON over TCP, and every way in which a board can disappoint.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export type Fault = 'none' | 'refusing' | 'silent' | 'stubborn'

export class Board {
  /** silent: it obeys nothing and answers nothing. stubborn: it acknowledges and does nothing. */
  fault: Fault = 'none'
  temperature = 21.5
  pump = false
  /** Every command line that has come. */
  readonly commands: string[] = []
  protected readonly lines = new Set<Socket>()
  private readonly server: Server
  private readonly timer: ReturnType<typeof setInterval>
  private plugged = true

  protected constructor() {
    this.server = createServer((line) => {
      if (!this.plugged) return line.destroy()
      this.lines.add(line)
      line.on('close', () => this.lines.delete(line))
      line.on('error', () => line.destroy())
      let text = ''
      line.on('data', (chunk) => {
        text += chunk.toString()
        for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
          this.obey(line, text.slice(0, end))
          text = text.slice(end + 1)
        }
      })
    })
    this.timer = setInterval(() => this.tell(), 50)
  }

  static start(): Promise<Board> {
    return new Board().listen()
  }

  protected listen(): Promise<this> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve(this)))
  }

  /** What a mapping writes as its path. */
  get path(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  unplug(): void {
    this.plugged = false
    for (const l of this.lines) l.destroy()
  }

  replug(): void {
    this.plugged = true
  }

  stop(): void {
    clearInterval(this.timer)
    this.unplug()
    this.server.close()
  }

  /** What it says of itself. */
  protected state(): Record<string, unknown> {
    return { t: this.temperature, p: this.pump ? 1 : 0 }
  }

  protected tell(): void {
    const line = `${JSON.stringify(this.state())}\n`
    for (const l of this.lines) l.write(line)
  }

  protected obey(line: Socket, command: string): void {
    this.commands.push(command)
    const m = /^PUMP ([01]) #(\d+)$/.exec(command)
    if (!m || this.fault === 'silent') return
    if (this.fault === 'refusing') return void line.write(`ERR #${m[2]} dry well\n`)
    if (this.fault !== 'stubborn') this.pump = m[1] === '1'
    line.write(`OK #${m[2]}\n`)
    this.tell()
  }
}

/** The mapping of a board as the device id. */
export function mapping(id: string, path: string): string {
  return `
[ports.${id}]
path = "${path}"

[devices.${id}]
name  = { zh = "温室", en = "Greenhouse" }
port  = "${id}"
codec = "json"
offline_after = "20s"

[devices.${id}.fields.temperature]
key      = "t"
type     = "number"
unit     = "°C"
decimals = 1
min      = -20
max      = 60

[devices.${id}.fields.pump]
key    = "p"
type   = "bool"
values = { true = "1", false = "0" }

[devices.${id}.commands.pump]
type    = "bool"
send    = "PUMP {value} #{seq}\\n"
values  = { true = "1", false = "0" }
expect  = "^OK #{seq}$"
refuse  = "^ERR #{seq} (?P<message>.*)"
confirm = "pump"
timeout = "1s"
`
}
