import { defineConfig } from 'vitest/config'

/** Tests that need more than Node (nginx and Chromium from the system, which `.ci/run` installs) or more time. */
export default defineConfig({
  test: {
    include: ['apps/server/test/services/**/*.test.ts', 'packages/*/test/thorough/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
