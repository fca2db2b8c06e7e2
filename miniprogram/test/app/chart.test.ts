import { describe, expect, it } from 'vitest'
import { area, frame, nearest, niceStep, timeAt } from '@/app/chart'
import { History } from '@/app/history'
import type { DeviceView } from '@/minirelay'

const at = (ts: number, value: number | null) => ({ ts, value })
const minute = 60_000

describe('the frame of a chart', () => {
  it('is none without a value', () => {
    expect(frame([], 0)).toBeNull()
    expect(frame([at(1, null)], 2)).toBeNull()
  })

  it('holds every value between round ticks', () => {
    const f = frame([at(0, 3.7), at(minute, 21.2)], 2 * minute)
    expect(f).toMatchObject({ from: 0, to: 2 * minute, low: 0, high: 30, ticks: [0, 10, 20, 30], decimals: 0 })
  })

  it('shows at least a minute and at most ten', () => {
    expect(frame([at(1000, 1)], 2000)).toMatchObject({ from: 2000 - minute, to: 2000 })
    expect(frame([at(5 * minute, 1), at(12 * minute, 2), at(20 * minute, 3)], 20 * minute)?.from).toBe(12 * minute)
  })

  it('draws noise as a nearly flat line', () => {
    const f = frame([at(0, 21.5), at(minute, 21.52)], minute)
    expect((f?.high ?? 0) - (f?.low ?? 0)).toBeGreaterThan(0.4)
  })

  it('never has an empty height, for any value', () => {
    for (const v of [0, -5, 1e-9, 1e9, -1e12]) {
      const f = frame([at(0, v)], 1)
      expect(f && f.high > f.low && f.low <= v && v <= f.high, String(v)).toBe(true)
    }
  })

  it('finds the point under a finger', () => {
    const points = [at(0, 1), at(30_000, null), at(minute, 2)]
    const f = frame(points, minute)
    const a = area(300, 200, 1)
    expect(f && nearest(points, timeAt(a.left, f, a))).toEqual(at(0, 1))
    expect(f && nearest(points, timeAt(a.right, f, a))).toEqual(at(minute, 2))
    expect(nearest([at(0, null)], 0)).toBeNull()
  })

  it('steps by 1, 2 and 5', () => {
    expect([0.9, 1, 1.1, 2.5, 7, 0.03].map(niceStep)).toEqual([1, 1, 2, 5, 10, 0.05])
  })
})

describe('the history of a session', () => {
  const device = (ts: number | null, value: number | null) =>
    ({
      id: 'd',
      fields: [
        { id: 't', type: 'number', value, ts },
        { id: 'mode', type: 'enum', value: 'x', ts },
      ],
    }) as unknown as DeviceView

  it('notes each reading once, and where there was none', () => {
    const h = new History()
    for (const [ts, v] of [
      [1, 10],
      [1, 10],
      [2, 11],
      [2, null],
      [2, null],
      [3, 12],
    ] as const)
      h.add(device(ts, v))
    expect(h.line('d', 't')).toEqual([at(1, 10), at(2, 11), at(2, null), at(3, 12)])
    expect(h.line('d', 'mode')).toEqual([])
  })

  it('is bounded', () => {
    const h = new History()
    for (let i = 0; i < 2000; i++) h.add(device(i, i))
    expect(h.line('d', 't')).toHaveLength(600)
    expect(h.line('d', 't')[599]).toEqual(at(1999, 1999))
  })
})
