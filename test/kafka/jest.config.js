import root from '../../jest.config.js'

/** The tests that need a real broker: slow to start, so not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/kafka/*.kafka-test.ts'],
  testTimeout: 120_000,
}
