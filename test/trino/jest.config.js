import root from '../../jest.config.js'

/** The tests that need a real Trino: 800 MB the first time, so not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  // Other steps of CI run beside it.
  testTimeout: 900_000,
  testMatch: ['<rootDir>/test/trino/*.trino-test.ts'],
}
