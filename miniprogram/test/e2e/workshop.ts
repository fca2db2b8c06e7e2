// A board with a command of every type, and the mapping for it.

import type { Socket } from 'node:net'
import { Board } from '../lib/real/board'

export class Workshop extends Board {
  fan = 40
  mode = 'manual'
  label = ''

  static start(): Promise<Workshop> {
    return new Workshop().listen()
  }

  protected state(): Record<string, unknown> {
    return { ...super.state(), fan: this.fan, mode: this.mode }
  }

  protected obey(line: Socket, command: string): void {
    const m = /^(FAN|MODE|SAY|RESET) ?(.*) #(\d+)$/.exec(command)
    if (!m || this.fault !== 'none') return super.obey(line, command)
    this.commands.push(command)
    if (m[1] === 'FAN') this.fan = Number(m[2])
    if (m[1] === 'MODE') this.mode = m[2]
    if (m[1] === 'SAY') this.label = m[2]
    line.write(`OK #${m[3]}\n`)
    this.tell()
  }
}

const answers = `expect  = "^OK #{seq}$"
refuse  = "^ERR #{seq} (?P<message>.*)"
timeout = "1s"
`

/** The mapping of a Workshop as the device greenhouse. */
export const workshop = (path: string): string => `
[ports.greenhouse]
path = "${path}"

[devices.greenhouse]
name  = { zh = "温室", en = "Greenhouse" }
port  = "greenhouse"
codec = "json"
offline_after = "20s"

[devices.greenhouse.fields.temperature]
key      = "t"
name     = { zh = "温度", en = "Temperature" }
type     = "number"
unit     = "°C"
decimals = 1
min      = -20
max      = 60

[devices.greenhouse.fields.pump]
key    = "p"
name   = { zh = "水泵", en = "Pump" }
type   = "bool"
values = { true = "1", false = "0" }

[devices.greenhouse.fields.fan]
name = { zh = "风扇", en = "Fan" }
type = "number"
unit = "%"

[devices.greenhouse.fields.mode]
name    = { zh = "模式", en = "Mode" }
type    = "enum"
options = [
  { value = "auto", name = { zh = "自动", en = "Automatic" } },
  { value = "manual", name = { zh = "手动", en = "Manual" } },
]

[devices.greenhouse.commands.pump]
name    = { zh = "水泵", en = "Pump" }
type    = "bool"
send    = "PUMP {value} #{seq}\\n"
values  = { true = "1", false = "0" }
confirm = "pump"
${answers}
[devices.greenhouse.commands.fan]
name    = { zh = "风扇", en = "Fan" }
type    = "number"
min     = 0
max     = 100
step    = 5
unit    = "%"
send    = "FAN {value} #{seq}\\n"
confirm = "fan"
${answers}
[devices.greenhouse.commands.mode]
name    = { zh = "模式", en = "Mode" }
type    = "enum"
options = [
  { value = "auto", name = { zh = "自动", en = "Automatic" } },
  { value = "manual", name = { zh = "手动", en = "Manual" } },
]
send    = "MODE {value} #{seq}\\n"
confirm = "mode"
${answers}
[devices.greenhouse.commands.label]
name       = { zh = "显示文字", en = "Label" }
type       = "text"
max_length = 12
send       = "SAY {value} #{seq}\\n"
${answers}
[devices.greenhouse.commands.reset]
name = { zh = "复位", en = "Reset" }
type = "none"
ask  = { zh = "确定要复位吗？", en = "Reset the board?" }
send = "RESET #{seq}\\n"
${answers}`

/** Many small boards on one line, which speak in turn. */
export class Crowd extends Board {
  private turn = 0

  private constructor(readonly count: number) {
    super()
  }

  static of(count: number): Promise<Crowd> {
    return new Crowd(count).listen()
  }

  protected tell(): void {
    for (let i = 0; i < 10; i++) {
      this.turn = (this.turn + 1) % this.count
      const line = `${JSON.stringify({ n: this.turn, t: this.temperature })}\n`
      for (const l of this.lines) l.write(line)
    }
  }
}

/** The mapping of a Crowd as the devices d0, d1 …: a name with / puts a device into a group. */
export const crowd = (path: string, count: number): string => `
[ports.crowd]
path = "${path}"
${Array.from(
  { length: count },
  (_, i) => `
[devices.d${i}]
name  = "${i % 2 ? `Shed ${i % 5}/Sensor ${i}` : `Sensor ${i}`}"
port  = "crowd"
codec = "json"
match = { n = "${i}" }
offline_after = "60s"

[devices.d${i}.fields.temperature]
key      = "t"
type     = "number"
unit     = "°C"
decimals = 1
`,
).join('')}`
