// One Chromium for a test file, and what every page of it must not do.

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

/** rules: names that lead to other hosts, as Chromium's host-resolver-rules writes them. */
export async function launch(rules = ''): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${rules}`,
    ],
  })
}

/** A page that keeps a list of what went wrong in it. */
export interface Watched {
  page: Page
  faults: string[]
  hosts: Set<string>
}

/** Opens a page as a phone of this size and language has it. Whatever it asks of foreign hosts is a fault. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    locale: 'zh-CN',
    ignoreHTTPSErrors: true,
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(110_000)
  const faults: string[] = []
  const hosts = new Set<string>()
  page.on('pageerror', (e) => faults.push(`exception: ${e.stack ?? e.message}`))
  page.on('console', (m) => {
    // A connection that is cut or refused, which these tests do on purpose, is an error to Chromium's console too.
    if (m.type() === 'error' && !/WebSocket connection|net::ERR_|status of 401/.test(m.text())) faults.push(`console: ${m.text()}`)
  })
  page.on('request', (r) => {
    if (/^(https?|wss?):/.test(r.url())) hosts.add(new URL(r.url()).hostname)
  })
  page.on('websocket', (s) => hosts.add(new URL(s.url()).hostname))
  return { page, faults, hosts }
}
