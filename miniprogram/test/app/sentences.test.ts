// The gateway's sentences in the reader's language.

import { afterEach, describe, expect, it } from 'vitest'
import { because } from '@/app/words'
import { speak } from '@/i18n'
import chinese from '@/i18n/gateway.json'
import { translate, translator } from '@/i18n/sentences'
import type { CommandResult } from '@/minirelay'

describe('a sentence', () => {
  const zh = translator({
    'the device is offline': '设备离线',
    'the value is above {}': '数值大于 {}',
    'the value of {} is {}': '{2} 是 {1} 的值',
    'an earlier try failed: {}': '之前失败了：{}',
    'an earlier try failed: the {} broke': '之前失败了：{}断了',
    line: '线路',
    'a (b) [c]. {}?': '特殊 {}',
    '{} is not one of {}': '{} 不是 {、} 之一',
    'one of {} for {}': '{2} 可以是 {1、}',
    '{}': '从不',
  })

  it.each([
    ['the device is offline', '设备离线'],
    ['the value is above 5.5 °C', '数值大于 5.5 °C'],
    ['the value of a is b', 'b 是 a 的值'],
    ['an earlier try failed: the value is above 7', '之前失败了：数值大于 7'],
    ['an earlier try failed: the line broke', '之前失败了：线路断了'],
    ['an earlier try failed: dry well', '之前失败了：dry well'],
    ['the value is above a\nb', '数值大于 a\nb'],
    ['a (b) [c]. d?', '特殊 d'],
    ['the device is offline!', 'the device is offline!'],
    ['a, b is not one of c, line, d', 'a, b 不是 c、线路、d 之一'],
    ['one of c, d for a', 'a 可以是 c、d'],
    ['', ''],
  ])('%j → %j', (english, right) => expect(zh(english)).toBe(right))

  it('stays as it is for readers of English', () => {
    expect(translate('the device has no such command', 'en')).toBe('the device has no such command')
    expect(translate('the device has no such command', 'zh')).toBe('设备没有这个命令')
    expect(translate('the value must be from 0 to 100 %', 'zh')).toBe('值必须在 0 到 100 % 之间')
  })
})

describe('the table', () => {
  it.each(Object.entries(chinese))('%s', (english, text) => {
    const holes = english.split('{}').length - 1
    const filled = [...text.matchAll(/\{(\d*)、?\}/g)].map((m) => m[1])
    const numbers = filled.every((n) => n !== '') ? filled.map(Number).sort() : filled.map((_, i) => i + 1)
    expect(numbers).toEqual(Array.from({ length: holes }, (_, i) => i + 1))
    if (/[a-z]{3}/.test(english)) expect(text).toMatch(/[\u4e00-\u9fff]/)
    expect(text).not.toMatch(/[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]/)
  })
})

describe('why a command ended', () => {
  afterEach(() => speak(() => 'en'))
  const r = (o: Partial<CommandResult>): CommandResult => ({
    ...{ id: '', device: '', command: '', status: 'rejected', ts: 0, mine: true, local: false },
    ...o,
  })

  it.each<[Partial<CommandResult>, string, string]>([
    [{ code: 'out_of_range', message: 'the value must be at most 80 %' }, 'the value must be at most 80 %', '值必须不大于 80 %'],
    [{ code: 'out_of_range', message: 'brand new words' }, 'brand new words', '值超出允许范围：brand new words'],
    [{ code: 'offline' }, 'offline, not executed', '离线，未执行'],
    [{ status: 'failed', code: 'refused', message: 'dry well' }, 'the device refused: dry well', '设备拒绝：dry well'],
    [
      { status: 'unknown', code: 'no_answer', message: 'the hardware did not answer in time' },
      'the hardware did not answer in time; it is not known whether it was executed',
      '硬件没有及时应答，无法确定是否已执行',
    ],
    [{ status: 'done', message: 'never shown' }, '', ''],
  ])('%j', (result, english, zh) => {
    expect(because(r(result))).toBe(english)
    speak(() => 'zh')
    expect(because(r(result))).toBe(zh)
  })
})
