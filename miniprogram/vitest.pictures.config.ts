// `make pictures`: takes the pictures of the screens that the README shows.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    globalSetup: ['test/lib/real/build.ts'],
    include: ['test/pictures/*.pictures.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
