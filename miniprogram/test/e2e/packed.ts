// The compiled mini-program, packed with its host and served on loopback.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack } from '../host/pack'
import { hostOrigin, hostPort } from '../lib/real/host-address'

/** What `npm run build:mp-weixin` makes. */
export const compiled = fileURLToPath(new URL('../../dist/build/mp-weixin', import.meta.url))

const kinds: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.png': 'image/png' }

/** Serves the host with the mini-program until the test run ends, and gives its address. */
export async function packedHost(): Promise<string> {
  if (!existsSync(compiled)) throw new Error('there is no compiled mini-program: run npm run build:mp-weixin first')
  const files = await packed()
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname
    const file = path === '/' ? '/index.html' : path
    const content = files.get(file)
    if (!content) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': kinds[extname(file)] ?? 'application/octet-stream' }).end(content)
  }).unref()
  return new Promise((resolve) => {
    server.listen(hostPort, '127.0.0.1', () => resolve(`${hostOrigin}/`))
  })
}

/** What the host consists of, by path. On the disk nothing is left of it. */
async function packed(): Promise<Map<string, Buffer>> {
  const dir = mkdtempSync(join(tmpdir(), 'minirelay-host-'))
  try {
    await pack(compiled, dir)
    const paths = readdirSync(dir, { recursive: true })
      .map(String)
      .filter((path) => statSync(join(dir, path)).isFile())
    return new Map(paths.map((path) => [`/${path}`, readFileSync(join(dir, path))]))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
