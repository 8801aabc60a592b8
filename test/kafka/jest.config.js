import root from '../../jest.config.js'

/** The tests that need a real broker: slow to start, so not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  // With an existing cluster, tests that start their own broker are skipped.
  testPathIgnorePatterns: process.env.KAFKA_BROKERS
    ? ['(apache-kafka|secured|embedded|embedded-restart)\\.kafka-test']
    : [],
  // Other steps of CI run beside it.
  testTimeout: 900_000,
  maxWorkers: 2,
  testMatch: ['<rootDir>/test/kafka/*.kafka-test.ts'],
}
