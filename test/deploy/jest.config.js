import root from '../../jest.config.js'

/** Deploys the services to an AWS emulator from PyPI, so it is not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  testTimeout: 300_000,
  testMatch: ['<rootDir>/test/deploy/*.deploy-test.ts'],
}
