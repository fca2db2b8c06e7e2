// Builds the gateway once for the whole test run.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GlobalSetupContext } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    gatewayBinary: string
  }
}

export default function setup({ provide }: GlobalSetupContext): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'minirelay-lib-'))
  const binary = join(dir, 'minirelay')
  execFileSync('go', ['build', '-o', binary, './cmd/minirelay'], {
    cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: 'inherit',
  })
  provide('gatewayBinary', binary)
  return () => rmSync(dir, { recursive: true, force: true })
}
