// Which file may know which: imports have no circle, and each folder knows the ones below it alone.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../../src', import.meta.url))
const files = readdirSync(src, { recursive: true })
  .map(String)
  .filter((f) => /\.(vue|ts)$/.test(f) && !f.endsWith('.d.ts'))

/** The file of ours that an import names; null for a package. */
function resolve(from: string, name: string): string | null {
  if (!/^(@|\.\.?)\//.test(name)) return null
  const path = name.startsWith('@/') ? join(src, name.slice(2)) : join(src, dirname(from), name)
  const found = [path, `${path}.ts`, join(path, 'index.ts')].find((p) => existsSync(p) && /\.(vue|ts|json)$/.test(p))
  if (!found) throw new Error(`${from} imports ${name}, which is not there`)
  return relative(src, found)
}

const imports = new Map(
  files.map((f) => {
    const names = [...readFileSync(join(src, f), 'utf8').matchAll(/^(?:import|export|\} from)\b[^'\n]*'([^']+)'/gm)].map((m) => m[1])
    return [f, names.map((n) => resolve(f, n)).filter((n) => n !== null) as string[]]
  }),
)

describe('the source', () => {
  it('has no circle of imports', () => {
    const done = new Set<string>()
    const visit = (file: string, path: string[]): void => {
      expect(path, [...path, file].join(' → ')).not.toContain(file)
      if (done.has(file)) return
      for (const next of imports.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const f of files) visit(f, [])
  })

  it.each<[string, string[], string]>([
    ['minirelay', [], 'the library is copied into other projects'],
    ['i18n', [], 'the language is handed in'],
    ['app', ['i18n', 'minirelay'], 'the rules of the screens know no screen'],
    ['ui', ['app', 'i18n'], 'a button knows no device'],
    ['parts', ['app', 'i18n', 'minirelay', 'ui'], 'a part knows no page'],
    ['pages', ['app', 'i18n', 'minirelay', 'parts', 'ui'], 'a page knows no other page'],
  ])('%s knows itself and %j: %s', (folder, known) => {
    const own = files.filter((f) => f.startsWith(`${folder}/`))
    expect(own.length).toBeGreaterThan(1)
    for (const f of own) {
      for (const to of imports.get(f) ?? []) expect([folder, ...known], `${f} imports ${to}`).toContain(to.split('/')[0])
    }
  })
})
