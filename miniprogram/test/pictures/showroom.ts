// Boards that have something to show, and a mapping for them all.

import type { Socket } from 'node:net'
import { Board } from '../lib/real/board'

/** A board whose values drift, and whose commands set values. */
export class ShowBoard extends Board {
  private constructor(
    readonly values: Record<string, number | string>,
    private readonly drift: Record<string, number>,
  ) {
    super()
  }

  static of(values: Record<string, number | string>, drift: Record<string, number> = {}): Promise<ShowBoard> {
    return new ShowBoard(values, drift).listen()
  }

  private ticks = 0

  protected tell(): void {
    if (this.ticks++ % 10) return // the base class ticks twenty times a second
    super.tell()
  }

  protected state(): Record<string, unknown> {
    const t = this.ticks / 20
    const moved = Object.entries(this.drift).map(([k, by], i) => {
      const wave = Math.sin(t / 9 + i * 2) + 0.35 * Math.sin(t / 2.3 + i) + 0.12 * Math.sin(t * 3.1 + i)
      return [k, Math.round((Number(this.values[k]) + by * wave) * 100) / 100]
    })
    return { ...this.values, ...Object.fromEntries(moved) }
  }

  protected obey(line: Socket, command: string): void {
    const m = /^(\w+) (\S+) #(\d+)$/.exec(command)
    if (!m || this.fault === 'silent') return
    if (this.fault === 'refusing') return void line.write(`ERR #${m[3]} the tank is empty\n`)
    if (m[1] in this.values) this.values[m[1]] = Number.isNaN(Number(m[2])) ? m[2] : Number(m[2])
    line.write(`OK #${m[3]}\n`)
    super.tell()
  }
}

interface Named {
  zh: string
  en: string
}
const name = (n: Named) => `{ zh = "${n.zh}", en = "${n.en}" }`

const device = (id: string, n: Named, path: string) => `
[ports.${id}]
path = "${path}"

[devices.${id}]
name  = ${name(n)}
port  = "${id}"
codec = "json"
offline_after = "20s"
`

const number = (d: string, id: string, n: Named, unit: string, decimals: number, range = '') => `
[devices.${d}.fields.${id}]
name     = ${name(n)}
type     = "number"
unit     = "${unit}"
decimals = ${decimals}
${range}
`

const bool = (d: string, id: string, n: Named) => `
[devices.${d}.fields.${id}]
name   = ${name(n)}
type   = "bool"
values = { true = "1", false = "0" }

[devices.${d}.commands.${id}]
name    = ${name(n)}
type    = "bool"
send    = "${id} {value} #{seq}\\n"
values  = { true = "1", false = "0" }
confirm = "${id}"
${answers}`

const answers = `expect  = "^OK #{seq}$"
refuse  = "^ERR #{seq} (?P<message>.*)"
timeout = "1s"
`

const modes = `options = [
  { value = "auto", name = { zh = "自动", en = "Automatic" } },
  { value = "manual", name = { zh = "手动", en = "Manual" } },
]`

export interface Boards {
  greenhouse: ShowBoard
  relays: ShowBoard
  tank: ShowBoard
  meter: ShowBoard
  air: ShowBoard
  gate: ShowBoard
}

export async function boards(): Promise<Boards> {
  return {
    greenhouse: await ShowBoard.of(
      { temperature: 23.4, humidity: 61, soil: 38.2, pump: 0, fan: 35, mode: 'manual' },
      { temperature: 1.1, humidity: 3, soil: 0.8 },
    ),
    relays: await ShowBoard.of({ r1: 1, r2: 0, r3: 1, r4: 0 }),
    tank: await ShowBoard.of({ level: 74, inlet: 0 }, { level: 2 }),
    meter: await ShowBoard.of({ voltage: 229.6, current: 3.42, energy: 1204.7 }, { voltage: 1.4, current: 0.6 }),
    air: await ShowBoard.of({ co2: 640, t: 21.1, h: 47 }, { co2: 40, t: 0.3, h: 1 }),
    gate: await ShowBoard.of({ open: 0 }),
  }
}

export const mapping = (b: Boards): string =>
  [
    device('greenhouse', { zh: '温室', en: 'Greenhouse' }, b.greenhouse.path),
    number('greenhouse', 'temperature', { zh: '温度', en: 'Temperature' }, '°C', 1, 'min = -20\nmax = 60'),
    number('greenhouse', 'humidity', { zh: '湿度', en: 'Humidity' }, '%', 0),
    number('greenhouse', 'soil', { zh: '土壤湿度', en: 'Soil moisture' }, '%', 1),
    number('greenhouse', 'light', { zh: '光照', en: 'Light' }, 'lx', 0),
    number('greenhouse', 'fan', { zh: '风扇', en: 'Fan' }, '%', 0),
    bool('greenhouse', 'pump', { zh: '水泵', en: 'Pump' }),
    `[devices.greenhouse.commands.fan]
name = { zh = "风扇", en = "Fan" }
type = "number"
min  = 0
max  = 100
step = 5
unit = "%"
send = "fan {value} #{seq}\\n"
confirm = "fan"
${answers}
[devices.greenhouse.fields.mode]
name = { zh = "模式", en = "Mode" }
type = "enum"
${modes}

[devices.greenhouse.commands.mode]
name = { zh = "模式", en = "Mode" }
type = "enum"
${modes}
send = "mode {value} #{seq}\\n"
confirm = "mode"
${answers}`,
    device('relays', { zh: '继电器板', en: 'Relay board' }, b.relays.path),
    ...['r1', 'r2', 'r3', 'r4'].map((r, i) =>
      bool('relays', r, { zh: ['水泵房', '走廊灯', '车间灯', '风机'][i], en: ['Pump house', 'Hall light', 'Shop light', 'Blower'][i] }),
    ),
    device('tank', { zh: '水箱', en: 'Water tank' }, b.tank.path),
    number('tank', 'level', { zh: '水位', en: 'Level' }, '%', 0),
    bool('tank', 'inlet', { zh: '进水阀', en: 'Inlet valve' }),
    device('meter', { zh: '电表', en: 'Power meter' }, b.meter.path),
    number('meter', 'voltage', { zh: '电压', en: 'Voltage' }, 'V', 1),
    number('meter', 'current', { zh: '电流', en: 'Current' }, 'A', 2),
    number('meter', 'energy', { zh: '电能', en: 'Energy' }, 'kWh', 1),
    device('air', { zh: '车间空气', en: 'Workshop air' }, b.air.path),
    number('air', 'co2', { zh: 'CO₂', en: 'CO₂' }, 'ppm', 0),
    number('air', 't', { zh: '温度', en: 'Temperature' }, '°C', 1),
    number('air', 'h', { zh: '湿度', en: 'Humidity' }, '%', 0),
    device('gate', { zh: '大门', en: 'Yard gate' }, b.gate.path),
    bool('gate', 'open', { zh: '打开', en: 'Open' }),
  ].join('\n')
