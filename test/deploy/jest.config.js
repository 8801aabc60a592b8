import root from '../../jest.config.js'

/** Deploys the services to an AWS emulator from PyPI, so it is not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  // Other steps of CI run beside it.
  testTimeout: 900_000,
  testMatch: ['<rootDir>/test/deploy/*.deploy-test.ts'],
  // They wait more than they work.
  maxWorkers: 2,
}
