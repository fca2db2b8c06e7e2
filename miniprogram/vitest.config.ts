import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    globalSetup: ['test/lib/real/build.ts'],
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000, // a loaded machine is slow, not wrong
    hookTimeout: 180_000,
  },
})
