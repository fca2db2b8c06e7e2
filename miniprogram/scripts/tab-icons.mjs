// Draws the icons of the mini-program's tab bar, which takes nothing but PNG, from the shapes of AppIcon.vue.
import { readFileSync, writeFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const source = readFileSync(new URL('../src/ui/AppIcon.vue', import.meta.url), 'utf8')
// A green and a grey that are visible on the bar in both themes: one picture serves both.
const colours = { '': '#7f8f87', '-here': '#23a06d' }

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 81, height: 81 } })
for (const name of ['devices', 'activity', 'gateways', 'settings']) {
  const shape = new RegExp(`\\.icon-${name}[^"]*"data:image/svg\\+xml,([^"]+)"`).exec(source)[1]
  for (const [suffix, colour] of Object.entries(colours)) {
    const svg = decodeURIComponent(shape).replace("'#000'", `'${colour}'`)
    await page.setContent(`<style>body{margin:9px}svg{display:block;width:63px;height:63px}</style>${svg}`)
    writeFileSync(new URL(`../src/static/tab/${name}${suffix}.png`, import.meta.url), await page.screenshot({ omitBackground: true }))
  }
}
await browser.close()
