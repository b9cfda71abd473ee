import { defineConfig } from 'vitest/config'

/**
 * Tests are read from source (vite strips their types); what they test is the build, through `#src` and `#actors`.
 * Each file has a process of its own, so that a test that kills, leaks or blocks cannot reach the next one.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globals: false,
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    passWithNoTests: false,
  },
})
