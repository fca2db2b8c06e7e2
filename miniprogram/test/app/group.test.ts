import { describe, expect, it } from 'vitest'
import { found, groups, type Named } from '@/app/group'
import type { DeviceView } from '@/minirelay'

function device(id: string, name = id, more: Partial<DeviceView> = {}): Named {
  const view = { id, name, online: true, offlineWhy: null, lastSeen: null, fields: [], commands: [], pending: 0, ...more } as DeviceView
  return { id, name, device: view }
}
const command = { id: 'c', type: 'none' } as unknown as DeviceView['commands'][number]
const many = Array.from({ length: 11 }, (_, i) => device(`d${i}`))

describe('the list of devices', () => {
  it('is one group without a title while there are few', () => {
    expect(groups(many.slice(0, 10))).toEqual([{ key: 'all', word: null, text: '', ids: many.slice(0, 10).map((d) => d.id) }])
    expect(groups([])).toEqual([])
  })

  it('has groups once there are many: offline first, then the places in names, then what can be done', () => {
    const all = [
      ...many,
      device('a', 'Shed/North', { commands: [command] }),
      device('b', 'Gate', { commands: [command] }),
      device('c', 'Shed / South'),
      device('x', 'Shed/Lost', { online: false }),
    ]
    expect(groups(all).map((g) => [g.word ?? g.text, g.ids])).toEqual([
      ['group_attention', ['x']],
      ['Shed', ['a', 'c']],
      ['group_switches', ['b']],
      ['group_sensors', many.map((d) => d.id)],
    ])
  })

  it('keeps a device where it is while it is not known whether it is online', () => {
    const all = [...many, device('u', 'u', { online: null })]
    expect(groups(all).map((g) => g.key)).toEqual(['group_sensors'])
  })

  it('is searched by name and id, in any case', () => {
    const all = [device('pump-1', '水泵'), device('b', 'Green House')]
    expect(found(all, ' green').map((d) => d.id)).toEqual(['b'])
    expect(found(all, 'PUMP').map((d) => d.id)).toEqual(['pump-1'])
    expect(found(all, '泵').map((d) => d.id)).toEqual(['pump-1'])
    expect(found(all, '  ')).toEqual(all)
  })
})
