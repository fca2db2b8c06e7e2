import { describe, expect, it } from 'vitest'
import { paint } from '@/app/toml'
import { rowOf } from '@/app/wire'

describe('a record of the wire', () => {
  it('is a line of bytes, of a frame, of a dropped frame, or none', () => {
    expect(rowOf({ ts: 5, dir: 'in', hex: '7b227d', text: '{"}' }, 1)).toMatchObject({ kind: 'in', hex: '7b 22 7d', text: '{"}' })
    expect(rowOf({ ts: 5, frame: { hex: '7b', text: '{', device: 'd', ok: true, fields: { t: 21.5, u: null } } }, 2)).toMatchObject({
      kind: 'frame',
      device: 'd',
      detail: 't = 21.5, u = —',
    })
    expect(rowOf({ ts: 5, frame: { hex: '7b', text: '{', ok: false, why: 'no JSON' } }, 3)).toMatchObject({
      kind: 'dropped',
      detail: 'no JSON',
    })
    expect(rowOf({ ts: 5, missed: 17 }, 4)).toMatchObject({ kind: 'missed', detail: '17' })
    expect(rowOf({ ts: 5, counts: { bytes: 1 } }, 5)).toBeNull()
    expect(rowOf({ ts: 5, open: true }, 6)).toBeNull()
  })
})

describe('a line of TOML', () => {
  it.each([
    [
      '[devices.a]  # a board',
      [
        ['table', '[devices.a]  '],
        ['comment', '# a board'],
      ],
    ],
    [
      'name = "a # b" # c',
      [
        ['key', 'name '],
        ['value', '= "a # b" '],
        ['comment', '# c'],
      ],
    ],
    [
      "send = 'x\\' # c",
      [
        ['key', 'send '],
        ['value', "= 'x\\' "],
        ['comment', '# c'],
      ],
    ],
    [
      'send = "\\"#" ',
      [
        ['key', 'send '],
        ['value', '= "\\"#" '],
      ],
    ],
    [
      '"my key".b = 1',
      [
        ['key', '"my key".b '],
        ['value', '= 1'],
      ],
    ],
    ['  { value = "x" },', [['value', '  { value = "x" },']]],
    ['', []],
  ])('%s', (line, pieces) => {
    expect(paint(line).map((p) => [p.kind, p.text])).toEqual(pieces)
    expect(
      paint(line)
        .map((p) => p.text)
        .join(''),
    ).toBe(line)
  })
})
