import root from '../../jest.config.js'

/** What the documents tell to do is done: needs bash, curl and openssl, Python 3.11 and PyPI, so it is not part of `pnpm test`. */
export default {
  ...root,
  rootDir: '../..',
  testTimeout: 600_000,
  testMatch: ['<rootDir>/test/docs/*.docs-test.ts'],
}
