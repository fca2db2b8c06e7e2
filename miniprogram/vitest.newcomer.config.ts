// e2e/debian/newcomer: the walk of a newcomer, in a Debian that is there for it alone.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/newcomer/*.newcomer.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    bail: 1, // each step needs the one before
  },
})
