// Where the pictures go, and how large they may be.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const album = fileURLToPath(new URL('../../../docs/pictures', import.meta.url))

/** A phone held upright. */
export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5 }

/** The pictures of one file. They are all removed first, so that no old one stays. */
export class Pictures {
  constructor(private readonly ours: (name: string) => boolean) {
    mkdirSync(album, { recursive: true })
    this.files().forEach((file) => rmSync(file))
  }

  private files(): string[] {
    return readdirSync(album)
      .filter((file) => file.endsWith('.png') && this.ours(file))
      .map((file) => join(album, file))
  }

  async take(page: Page, name: string): Promise<void> {
    await page.evaluate(() => document.fonts.ready)
    await page.screenshot({ path: join(album, `${name}.png`) })
  }

  /** Makes them small, or fails. */
  pack(): void {
    execFileSync('pngquant', ['--force', '--ext', '.png', '--skip-if-larger', '--strip', '64', ...this.files()])
    const sizes = this.files().map((file) => statSync(file).size)
    expect(Math.max(...sizes)).toBeLessThan(120_000)
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(3_000_000)
  }
}
