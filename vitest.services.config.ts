import { defineConfig } from 'vitest/config'

/** Tests that need more than Node: nginx and Chromium from the system. `.ci/run` installs them. */
export default defineConfig({
  test: {
    include: ['apps/server/test/services/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
