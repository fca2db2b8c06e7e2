// Debian's nginx before gateways.

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, start, type Program } from './program'

/** A proxy on loopback whose locations lead to gateways, as docs/miniprogram.md says it, without TLS. */
export class Nginx {
  private readonly dir = mkdtempSync(join(tmpdir(), 'minirelay-nginx-'))
  private running: Program | null = null

  private constructor(readonly port: number) {}

  /** locations: the port of a gateway by the path before it, for example `/farm/`. */
  static async start(locations: Record<string, number>): Promise<Nginx> {
    const n = new Nginx(await freePort())
    const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    own.forEach((name) => mkdirSync(join(n.dir, name)))
    writeFileSync(
      join(n.dir, 'nginx.conf'),
      `
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${join(n.dir, 'pid')};
daemon off;
error_log stderr notice;
events {}
http {
  access_log off;
  ${own.map((name) => `${name}_temp_path ${join(n.dir, name)};`).join('\n  ')}
  server {
    listen 127.0.0.1:${n.port};
${Object.entries(locations)
  .map(
    ([path, port]) => `
    location ${path} {
      proxy_pass http://127.0.0.1:${port}/;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $http_host;
      proxy_read_timeout 90s;
      proxy_buffering off;
    }`,
  )
  .join('')}
  }
}
`,
    )
    n.running = await start('/usr/sbin/nginx', ['-c', join(n.dir, 'nginx.conf'), '-p', n.dir, '-e', 'stderr'], /start worker processes/)
    return n
  }

  async stop(): Promise<void> {
    await this.running?.stop()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
