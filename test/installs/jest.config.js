import root from '../../jest.config.js'

/** Installs the client's package into new applications. It needs the npm registry, so it is not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  // Other steps of CI run beside it.
  testTimeout: 900_000,
  testMatch: ['<rootDir>/test/installs/*.installs-test.ts'],
}
