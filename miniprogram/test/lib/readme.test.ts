// What the READMEs and the comments show is what there is.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import { describe, expect, it } from 'vitest'
import * as minirelay from '@/minirelay'

const dir = fileURLToPath(new URL('../../src/minirelay', import.meta.url))
const examples = fileURLToPath(new URL('../../../examples', import.meta.url))

function expectLinks(folder: string, text: string): void {
  for (const [, link] of text.matchAll(/\]\(([^)#:]+)\)/g)) expect(existsSync(join(folder, link)), link).toBe(true)
}

describe.each(['README.md', 'README.zh-CN.md'])('%s', (name) => {
  const text = readFileSync(join(dir, name), 'utf8')

  it('shows code that is code, with names that exist', async () => {
    const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((m) => m[1])
    expect(blocks).toHaveLength(2)
    for (const block of blocks) {
      await transform(block, { loader: 'ts', format: 'esm', target: 'es2022' })
      const [, names] = /import \{ (.*) \} from '.\/minirelay.js'/.exec(block)!
      for (const n of names.split(', ')) expect(Object.keys(minirelay)).toContain(n)
    }
    for (const [, n] of text.matchAll(/`(\w+)\(/g)) {
      const known = n in minirelay || n in minirelay.Gateway.prototype || n in minirelay.MqttClient.prototype
      expect(known, n).toBe(true)
    }
  })

  it('links to files that are there', () => expectLinks(dir, text))

  it('so does the one of the examples', () => expectLinks(examples, readFileSync(join(examples, name), 'utf8')))
})
